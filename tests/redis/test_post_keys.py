"""Keys that came with posts, in a real Redis: each post is new once."""

import asyncio

import pytest
import redis

from tokenpulse_shared import post_keys
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.keyspace import POST_KEY_SECONDS, Keyspace
from tokenpulse_shared.post_keys import CLAIM_SECONDS, PostKeys
from tokenpulse_shared.redis_reads import RedisReads

KEYS = Keyspace()
NOW = 1_715_769_020.0


@pytest.fixture
def keys(reads: RedisReads) -> PostKeys:
    """Give the keys of a real server, then of the embedded store."""
    return PostKeys(reads, KEYS)


@pytest.fixture
def real(real_reads: RedisReads) -> PostKeys:
    return PostKeys(real_reads, KEYS)


async def test_a_post_is_new_once(keys: PostKeys) -> None:
    """Under way until it is confirmed, counted from then on for a day; another key is another post."""
    told = [await keys.claim("k", b"body", NOW), await keys.claim("k", b"body", NOW + CLAIM_SECONDS - 1)]
    await keys.confirm("k", b"body", NOW + 1)
    told += [await keys.claim("k", b"body", NOW + at) for at in (2, POST_KEY_SECONDS)]
    told += [
        await keys.claim("other", b"body", NOW),
        await keys.claim("k", b"body", NOW + POST_KEY_SECONDS + 1),
    ]

    assert told == ["new", "under_way", "counted", "counted", "new", "new"]


async def test_a_claim_that_nobody_confirms_ends(keys: PostKeys) -> None:
    """Its reader died, or never heard that it had it: the post is made again."""
    assert await keys.claim("k", b"body", NOW) == "new"
    assert await keys.claim("k", b"body", NOW + CLAIM_SECONDS) == "new"
    assert await keys.claim("k", b"body", NOW + CLAIM_SECONDS + 1) == "under_way"


async def test_a_key_belongs_to_one_body(keys: PostKeys) -> None:
    """Claimed or counted."""
    await keys.claim("k", b"one", NOW)
    claimed = await keys.claim("k", b"other", NOW)
    await keys.confirm("k", b"one", NOW)

    assert (claimed, await keys.claim("k", b"other", NOW)) == ("other_body", "other_body")
    assert await keys.claim("k", b"one", NOW) == "counted"


async def test_of_many_at_once_one_is_new(real: PostKeys) -> None:
    """On connections of their own."""
    told = await asyncio.gather(*(real.claim("k", b"body", NOW) for _ in range(50)))

    assert sorted(told) == ["new", *["under_way"] * 49]


async def test_only_the_last_keys_are_kept(
    real: PostKeys, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The oldest go first, those of yesterday in any case; both keys end by themselves."""
    monkeypatch.setattr(post_keys, "MAX_KEYS", 3)
    for number in range(5):
        await real.claim(str(number), b"", NOW + number)
    sizes = redis_client.zcard(KEYS.post_keys()), redis_client.hlen(KEYS.post_bodies())
    last = await real.claim("4", b"", NOW + 5)
    await real.claim("late", b"", NOW + 3 + POST_KEY_SECONDS)

    assert (sizes, last) == ((3, 3), "under_way")
    assert (redis_client.zcard(KEYS.post_keys()), redis_client.hlen(KEYS.post_bodies())) == (2, 2)
    for key in (KEYS.post_keys(), KEYS.post_bodies()):
        assert 0 < redis_client.ttl(key) <= POST_KEY_SECONDS


async def test_neither_key_nor_body_is_kept(real: PostKeys, redis_client: redis.Redis) -> None:
    """Digests alone."""
    await real.claim("secret-key", b"secret body", NOW)
    (kept,) = redis_client.zrange(KEYS.post_keys(), 0, -1)

    assert len(kept) == 32
    assert list(redis_client.hgetall(KEYS.post_bodies())) == [kept]
    assert b"secret" not in kept + b"".join(redis_client.hgetall(KEYS.post_bodies()).values())


async def test_something_else_in_their_place_is_no_answer(real: PostKeys, redis_client: redis.Redis) -> None:
    """Unknown is never assumed."""
    redis_client.set(KEYS.post_bodies(), "not a hash")

    with pytest.raises(StoreUnavailableError, match="something else"):
        await real.claim("k", b"", NOW)
