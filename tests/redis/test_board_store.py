"""The board of health scores in a real Redis: one leader at a time, none that was paused overwrites a later one."""

import asyncio

import orjson
import pytest
import redis

from tests.support.boards import board
from tests.support.redis_server import RedisServer
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.health.board_store import BoardStore, LeadingRefusedError, Term
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_client import connect_async
from tokenpulse_shared.redis_reads import RedisReads

KEYS = Keyspace()
LEASE_SECONDS = 30.0


@pytest.fixture
def boards(reads: RedisReads) -> BoardStore:
    """Give the boards of a real server, then of the embedded store."""
    return BoardStore(reads, KEYS)


@pytest.fixture
def real(real_reads: RedisReads) -> BoardStore:
    return BoardStore(real_reads, KEYS)


async def test_one_leads_until_his_lease_is_over(boards: BoardStore) -> None:
    """Each new holder begins a term with the next number; a holder keeps his."""
    first = await boards.lead("a", LEASE_SECONDS)
    other = await boards.lead("b", LEASE_SECONDS)
    again = await boards.lead("a", 0.001)
    while (taken_over := await boards.lead("b", LEASE_SECONDS)) is None:
        await asyncio.sleep(0)
    late = await boards.lead("a", LEASE_SECONDS)

    assert (first, other, again, taken_over, late) == (Term(1, "a"), None, Term(1, "a"), Term(2, "b"), None)


async def test_what_was_published_is_loaded(boards: BoardStore) -> None:
    term = await boards.lead("a", LEASE_SECONDS)
    assert term is not None
    published = board(1_000.0, term.number, groq=(95, 5), openai=(0, 0))

    assert await boards.load() is None
    assert await boards.publish(published, term)
    assert await boards.load() == published


async def test_a_paused_leader_does_not_overwrite_a_later_board(
    real: BoardStore, redis_client: redis.Redis
) -> None:
    """His term is over, in the string as in the sorted set, though he does not know."""
    paused = await real.lead("a", LEASE_SECONDS)
    redis_client.delete(KEYS.health_lease())  # it has run out
    later = await real.lead("b", LEASE_SECONDS)
    assert paused is not None
    assert later is not None
    newer = board(1_060.0, later.number, groq=(50, 50))
    assert await real.publish(newer, later)

    assert not await real.publish(board(1_120.0, paused.number, groq=(100, 0)), paused)
    assert await real.load() == newer
    assert redis_client.zrange(KEYS.provider_health(), 0, -1, withscores=True) == [(b"groq", 59.0)]


async def test_a_leader_paused_between_string_and_set_does_not_overwrite_the_set(
    real: BoardStore, redis_client: redis.Redis
) -> None:
    term = await real.lead("b", LEASE_SECONDS)
    assert term is not None
    redis_client.set(KEYS.provider_health_guard(), f"{term.number}:2000000")
    redis_client.zadd(KEYS.provider_health(), {"groq": 59.0})
    assert await real.publish(board(1_000.0, term.number, groq=(100, 0)), term)

    assert redis_client.zscore(KEYS.provider_health(), "groq") == 59.0


async def test_the_sorted_set_is_pruned_and_skips_what_never_was_known(
    real: BoardStore, redis_client: redis.Redis
) -> None:
    """A provider that is gone goes; one without calls has no score."""
    term = await real.lead("a", LEASE_SECONDS)
    assert term is not None
    await real.publish(board(1_000.0, term.number, groq=(100, 0), gone=(5, 5)), term)
    await real.publish(board(1_060.0, term.number, groq=(95, 5), quiet=(0, 0)), term, 300)
    ttl = redis_client.ttl(KEYS.health_scores_current())
    held = orjson.loads(redis_client.get(KEYS.health_scores_current()))

    assert redis_client.zrange(KEYS.provider_health(), 0, -1, withscores=True) == [(b"groq", 90.5)]
    assert redis_client.ttl(KEYS.provider_health()) == -1
    assert 290 <= ttl <= 300
    assert held["providers"]["groq"]["health_score"] == 90.5


async def test_after_a_flush_an_old_term_is_worth_nothing(
    real: BoardStore, redis_client: redis.Redis
) -> None:
    """Numbers begin anew; the old holder's differs by its owner."""
    old = await real.lead("a", LEASE_SECONDS)
    redis_client.flushdb()
    new = await real.lead("b", LEASE_SECONDS)
    assert old is not None
    assert new is not None

    assert (old.number, new.number) == (1, 1)
    assert not await real.publish(board(1_000.0, 1, groq=(1, 9)), old)
    assert await real.load() is None


async def test_a_holder_whose_term_was_evicted_begins_the_next(
    real: BoardStore, redis_client: redis.Redis
) -> None:
    await real.lead("a", LEASE_SECONDS)
    redis_client.set(KEYS.health_term(), "7:somebody")

    assert await real.lead("a", LEASE_SECONDS) == Term(8, "a")


@pytest.mark.parametrize("value", [b"no json", b"{}", b"[]", b'{"format":2}'])
async def test_what_is_no_board_is_left_out(
    real: BoardStore, redis_client: redis.Redis, value: bytes
) -> None:
    redis_client.set(KEYS.health_scores_current(), value)

    assert await real.load() is None


async def test_a_key_of_another_type_is_left_out_and_refuses_to_be_led(
    real: BoardStore, redis_client: redis.Redis
) -> None:
    redis_client.rpush(KEYS.health_scores_current(), "x")
    redis_client.rpush(KEYS.health_lease(), "x")

    assert await real.load() is None
    with pytest.raises(LeadingRefusedError, match="holds something else"):
        await real.lead("a", LEASE_SECONDS)


async def test_a_server_that_takes_no_writes_refuses(redis_server: RedisServer) -> None:
    """A replica whose master is gone."""
    with redis_server.client() as admin:
        admin.replicaof("127.0.0.1", 1)
    client = connect_async(redis_server.url)
    boards = BoardStore(RedisReads(client), KEYS)
    with pytest.raises(LeadingRefusedError, match=r"read-only|replica"):
        await boards.lead("a", LEASE_SECONDS)

    assert await boards.load() is None
    await client.aclose()


async def test_no_server_is_no_refusal() -> None:
    client = connect_async("redis://127.0.0.1:1/0")
    with pytest.raises(StoreUnavailableError):
        await BoardStore(RedisReads(client), KEYS).lead("a", LEASE_SECONDS)
    await client.aclose()


async def test_only_the_holder_gives_the_lease_up(boards: BoardStore) -> None:
    """The next to ask leads at once, in a term of its own; who holds nothing changes nothing."""
    assert not await boards.resign("a")
    await boards.lead("a", LEASE_SECONDS)
    stranger = await boards.resign("b")
    still = await boards.lead("b", LEASE_SECONDS)
    given_up = await boards.resign("a")
    taken_over = await boards.lead("b", LEASE_SECONDS)

    assert (stranger, still, given_up, taken_over) == (False, None, True, Term(2, "b"))
    assert not await boards.resign("a")
    assert await boards.lead("a", LEASE_SECONDS) is None
