"""Fields that a batch adds to many at once: what comes of it is what one HINCRBY for each would have left."""

import pytest
import redis

from tests.support.apply_script import GUARD, apply, hash_of
from tokenpulse_shared.counters import MAX_COUNT

_FIELDS = [f"f{number}" for number in range(10)]


def _add(
    client: redis.Redis, sequence: int, names: list[str], counts: list[int], key: str = "k"
) -> list[object]:
    codes = list(range(100, 100 + len(names)))
    sums = [[key, "60", codes, counts]]
    return apply(client, sequence - 1, sequence, sums=sums, codes=codes, names=names)


def test_fields_told_by_number_add_up(client: redis.Redis) -> None:
    """New fields begin at their increment, others grow, those not named stay."""
    client.hset("k", mapping={"f0": 0, "f1": 41, "else": "text"})
    first = _add(client, 1, _FIELDS, list(range(1, 11)))
    _add(client, 2, _FIELDS[:2], [5, 6])

    assert (first[0], first[3]) == (b"OK", 0)
    wanted = {field: number + 1 for number, field in enumerate(_FIELDS)} | {"f0": 6, "f1": 49, "else": "text"}
    assert hash_of(client, "k") == {field: str(value) for field, value in wanted.items()}
    assert 0 < client.ttl("k") <= 60


@pytest.mark.parametrize(
    ("held", "more", "sum_of_both"),
    [
        (MAX_COUNT - 1, 1, MAX_COUNT),
        (MAX_COUNT, 1, MAX_COUNT + 1),
        (MAX_COUNT, MAX_COUNT, 2 * MAX_COUNT),
        (2**62 + 1, 1, 2**62 + 2),
        (999_999_999_999_999, 1, 10**15),
        (-7, 2, -5),
    ],
)
def test_sums_past_what_lua_counts_are_exact(
    client: redis.Redis, held: int, more: int, sum_of_both: int
) -> None:
    """Redis adds up by itself what a double could not hold, and what no counter of ours is."""
    client.hset("k", "f3", held)
    reply = _add(client, 1, _FIELDS, [more] * 10)

    assert reply[3] == 0
    assert hash_of(client, "k") == dict.fromkeys(_FIELDS, str(more)) | {"f3": str(sum_of_both)}


@pytest.mark.parametrize("odd", ["text", "007", "1.5", "1e3", "0x10", " 1", ""])
def test_a_field_that_is_no_number_refuses_its_own_increment_only(client: redis.Redis, odd: str) -> None:
    """It is counted as rejected and stays as it is; the others of its hash add up."""
    client.hset("k", "f3", odd)
    reply = _add(client, 1, _FIELDS, [2] * 10)

    assert reply[3] == 1
    assert hash_of(client, "k") == dict.fromkeys(_FIELDS, "2") | {"f3": odd}


def test_a_key_of_another_type_refuses_all(client: redis.Redis) -> None:
    """Every increment is counted as rejected; the key stays as it is, its time to live too."""
    client.set("k", "text")
    reply = _add(client, 1, _FIELDS, [2] * 10)

    assert (reply[0], reply[3]) == (b"OK", 10)
    assert client.get("k") == b"text"
    assert client.ttl("k") == -1


def test_words_past_the_bound_add_up_under_other(client: redis.Redis) -> None:
    """Several new words of one hash that takes none any more are all counted."""
    client.hset("k", mapping={f"error:{number}": 1 for number in range(1000)})
    names = [f"error:new-{number}" for number in range(400)]
    _add(client, 1, names, [2] * 400)

    held = hash_of(client, "k")
    assert held["error:other"] == "800"
    assert len(held) == 1001


@pytest.mark.parametrize("at_once", [True, False])
def test_words_reach_the_bound_within_one_batch(client: redis.Redis, at_once: bool) -> None:
    """The first that fit get fields of their own, whichever way they are added."""
    client.hset("k", mapping={f"error:{number}": 1 for number in range(995)})
    names = [f"error:new-{number}" for number in range(400)]
    if at_once:
        _add(client, 1, names, [2] * 400)
    else:
        apply(client, 0, 1, increments=[["k", "60", dict.fromkeys(names, 2)]])
    held = hash_of(client, "k")

    assert len(held) == 1001
    assert held["error:other"] == "790"


def test_a_hash_that_only_grows_tells_since_when(client: redis.Redis) -> None:
    """One that lives as long as the guard notes its first batch, once."""
    codes = list(range(10))
    for sequence in (1, 2):
        apply(
            client, sequence - 1, sequence, codes=codes, names=_FIELDS,
            sums=[[key, "1000", codes, [1] * 10] for key in (GUARD, "t")],
        )  # fmt: skip
    held, guard = hash_of(client, "t"), hash_of(client, GUARD)

    created = held.pop("created")
    assert guard["created"] == created
    assert held == dict.fromkeys(_FIELDS, "2")
