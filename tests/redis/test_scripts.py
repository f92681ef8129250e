"""The Lua scripts, on a real Redis as in the embedded store: exactly once, in place, side by side."""

import random
import time
from typing import Any

import pytest
import redis

from tests.support.apply_script import GUARD, apply, hash_of
from tests.support.sealing import seal
from tokenpulse_shared import scripts
from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.sketch import COARSE_SCALE, ZERO, Buckets, rescaled
from tokenpulse_shared.windows.sealed import SealedWindow, decode_block
from tokenpulse_shared.windows.window_builder import decode_sketch

KEYS = Keyspace()
PAST = "2024-05-15:09"


def test_a_batch_is_applied_once(client: redis.Redis) -> None:
    """Sent again it is DUP, and nothing changes; the reply carries Redis' time."""
    work = {"increments": [["k", 60, {"a": 2, "b": 3}]]}
    before = time.time()
    first = apply(client, 0, 1, **work)
    again = apply(client, 0, 1, **work)

    assert (first[0], first[1], first[3], first[4]) == (b"OK", 1, 0, b"")
    assert before - 5 < int(first[2]) / 1e6 < time.time() + 5
    assert again[:2] == [b"DUP", 1]
    assert hash_of(client, "k") == {"a": "2", "b": "3"}
    assert 0 < client.ttl("k") <= 60
    assert 0 < client.ttl(GUARD) <= 1000


def test_a_gap_is_told_and_nothing_applied(client: redis.Redis) -> None:
    """The guard says where it stands; writers do not disturb each other."""
    assert apply(client, 1, 2, increments=[["k", 60, {"a": 1}]])[:2] == [b"GAP", 0]
    assert apply(client, 0, 1)[0] == b"OK"
    assert apply(client, 4, 5)[:2] == [b"GAP", 1]
    assert apply(client, 0, 1, writer="other")[0] == b"OK"
    assert not client.exists("k")


def test_operations_that_cannot_be_read_are_not_taken_for_applied(client: redis.Redis) -> None:
    """The batch fails as a whole: the guard does not move, so that it is no DUP when it comes again whole."""
    with pytest.raises((redis.ResponseError, ValueError)):  # the embedded store tells it as it is
        client.eval(scripts.source("apply"), 1, GUARD, "w", 0, 1, 1000, b'{"increments": [')

    assert not client.exists(GUARD)
    assert apply(client, 0, 1, increments=[["k", 60, {"a": 2}]])[0] == b"OK"


def test_calls_that_count_nothing_stop_no_batch(client: redis.Redis) -> None:
    """A model without calls is as if it were not there: what stands behind it is counted."""
    calls = [
        [KEYS.circuit("p", model), 60, 5, 0, faults, faults, "c", 60, ""]
        for model, faults in (("m", 0), ("n", 2))
    ]

    assert apply(client, 0, 1, calls=calls)[0] == b"OK"
    assert hash_of(client, "c") == {"failure:CLOSED": "2"}


def test_guards_of_writers_long_gone_are_swept(client: redis.Redis) -> None:
    """A new writer removes those not seen for two days, nothing else."""
    now = int(time.time())
    client.hset(
        GUARD, mapping={"writer:old": f"7:{now - 200_000}", "writer:young": f"7:{now - 100}", "x": "1"}
    )
    apply(client, 0, 1)

    assert sorted(hash_of(client, GUARD)) == ["writer:w", "writer:young", "x"]


def test_what_is_refused_is_counted_the_rest_applied(client: redis.Redis) -> None:
    """A key of another type keeps its value and its time to live."""
    for key in ("s1", "s2", "s3", "s4", "s5"):
        client.set(key, "theirs")
    client.hset("full", "a", 2**63 - 1)
    status, _, _, rejected, first, key = apply(
        client,
        0,
        1,
        increments=[["s1", 60, {"a": 1}], ["full", 60, {"a": 1}], ["good", 60, {"a": 1}]],
        sketches=[["s2", 60, 5, 0, {"1": 1}], ["sketch", 60, 5, 0, {"1": 1}]],
        scores=[["s3", 60, {"m": 1}], ["scores", 60, {"m": 1}]],
        lists=[["s4", 60, 5, ["x"]], ["list", 60, 5, ["x"]]],
        calls=[["s5", 60, 5, 1, 0, 0], ["circuit", 60, 5, 1, 0, 0]],
    )

    assert (status, rejected, key) == (b"OK", 6, GUARD.encode())
    assert first.startswith(b"s3: ZADD: WRONGTYPE")
    for key in ("s1", "s2", "s3", "s4", "s5"):
        assert (client.get(key), client.ttl(key)) == (b"theirs", -1)
    assert hash_of(client, "full") == {"a": str(2**63 - 1)}
    assert hash_of(client, "good") == {"a": "1"}
    assert client.zscore("scores", "m") == 1
    assert client.lrange("list", 0, -1) == [b"x"]
    assert client.exists("circuit", "sketch") == 2


def test_scores_only_rise(client: redis.Redis) -> None:
    apply(client, 0, 1, scores=[["z", 60, {"m": 10}]])
    apply(client, 1, 2, scores=[["z", 60, {"m": 5, "n": 1}]])

    assert client.zrange("z", 0, -1, withscores=True) == [(b"n", 1.0), (b"m", 10.0)]


def test_lists_keep_the_newest(client: redis.Redis) -> None:
    apply(client, 0, 1, lists=[["l", 60, 3, ["1", "2"]]])
    apply(client, 1, 2, lists=[["l", 60, 3, ["3", "4"]]])

    assert client.lrange("l", 0, -1) == [b"4", b"3", b"2"]


def test_calls_are_counted_in_slots_of_time(client: redis.Redis) -> None:
    """A success begins the streak anew; an old slot in the same place is replaced."""
    for _ in range(3):
        slot = int(client.time()[0]) // 5
        client.delete("c")
        client.hset("c", f"slot:{slot % 16}", f"{slot - 16}:9:9")
        client.delete(GUARD)
        apply(client, 0, 1, calls=[["c", 60, 5, 2, 3, 3]])
        apply(client, 1, 2, calls=[["c", 60, 5, 0, 2, 2]])
        if int(client.time()[0]) // 5 == slot:  # else the clock moved to the next slot meanwhile
            break

    fields = hash_of(client, "c")
    assert fields[f"slot:{slot % 16}"] == f"{slot}:2:5"
    assert fields["streak"] == "5"
    assert abs(int(fields["seen"]) - time.time()) < 10


def test_a_sketch_past_its_capacity_is_halved_exactly(client: redis.Redis) -> None:
    """Hash and reckoning agree bucket by bucket after many batches; the capacity holds."""
    source, expected, scale = random.Random(3), {ZERO: 5}, COARSE_SCALE
    apply(client, 0, 1, sketches=[["k", 60, COARSE_SCALE, 128, {"zero": 5}]])
    for sequence in range(2, 12):
        buckets = {source.randrange(-300, 400): source.randrange(1, 1000) for _ in range(40)}
        for index, count in buckets.items():
            expected[index] = expected.get(index, 0) + count
        fields = {str(index): count for index, count in buckets.items()}
        apply(client, sequence - 1, sequence, sketches=[["k", 60, COARSE_SCALE, 128, fields]])
        assert client.hlen("k") <= 128

    buckets, scale = decode_sketch(client.hgetall("k"), COARSE_SCALE)
    assert scale < COARSE_SCALE
    assert buckets == rescaled(expected, COARSE_SCALE, scale)
    assert 0 < client.ttl("k") <= 60


def open_window(
    client: redis.Redis,
    member: str,
    counters: dict[str, int],
    latency: dict[str, int],
    **sketches: dict[str, int],
) -> None:
    client.zadd(KEYS.open_windows("p"), {member: 1})
    for kind, fields in {"metrics": counters, "latency": latency, **sketches}.items():
        if fields:
            client.hset(KEYS.window_base(kind, "p") + member, mapping=fields)


def test_a_window_is_packed_as_it_was(client: redis.Redis) -> None:
    """Counters and sketches come back from the block; the hashes are gone."""
    counters = {name: (at * 1_000_003) ** 2 % (2**53) or 1 for at, name in enumerate(WINDOW_COUNTERS)}
    open_window(client, f"m%3Ax:{PAST}:07", counters, {"-641": 1, "-2": 300, "704": 2**52, "zero": 3})

    assert seal(client, KEYS, "p") == (1, 0)

    block = client.get(KEYS.sealed_minutes("p", "m:x", PAST))
    latency = (5, {-641: 1, -2: 300, 704: 2**52, ZERO: 3})
    assert list(decode_block(block)) == [SealedWindow(7, counters, {"latency": latency})]
    assert client.keys("*metrics*") == client.keys("*latency*") == []
    assert client.zcard(KEYS.open_windows("p")) == 0
    assert 7000 < client.ttl(KEYS.sealed_minutes("p", "m:x", PAST)) <= 7200


def _random_sketch(source: random.Random) -> Buckets:
    """Return a sketch of any density: few buckets far apart, many side by side, with counts of any size."""
    span, most, size = (
        source.choice([3, 60, 300, 700]),
        source.choice([1, 20, 2**40]),
        source.choice([1, 12, 250]),
    )
    start = source.randrange(-640, 5)
    buckets = {start + source.randrange(span): source.randrange(1, most + 1) for _ in range(size)}
    if source.random() < 0.3:
        buckets[ZERO] = source.randrange(1, 500)
    return buckets


def test_all_sketches_come_back_whatever_they_hold(client: redis.Redis) -> None:
    """Bucket by bucket, of windows that hold any of the seven; nothing is left of their hashes."""
    source = random.Random(11)
    expected: dict[int, dict[str, tuple[int, Buckets]]] = {}
    for minute in range(40):
        sketches = {name: _random_sketch(source) for name in SKETCHED if source.random() < 0.7}
        expected[minute] = {name: (5, buckets) for name, buckets in sketches.items()}
        fields = {
            name: {"zero" if index == ZERO else str(index): count for index, count in buckets.items()}
            for name, buckets in sketches.items()
        }
        latency = fields.pop("latency", {})
        open_window(client, f"m:{PAST}:{minute:02}", {"total_requests": 1}, latency, **fields)

    assert seal(client, KEYS, "p", 100) == (40, 0)
    block = client.get(KEYS.sealed_minutes("p", "m", PAST))
    assert {record.id: record.sketches for record in decode_block(block)} == expected
    assert client.keys("*") == [KEYS.sealed_minutes("p", "m", PAST).encode()]


def test_equal_sketches_are_packed_once(client: redis.Redis) -> None:
    """As when nothing reasons: the first visible content is the first token."""
    fields = {str(index): 3 for index in range(50)}
    open_window(client, f"m:{PAST}:01", {}, {}, ttft=fields)
    open_window(client, f"n:{PAST}:01", {}, {}, ttft=fields, first_visible=fields)
    assert seal(client, KEYS, "p") == (2, 0)

    alone, twice = (client.get(KEYS.sealed_minutes("p", model, PAST)) for model in ("m", "n"))
    sketch = (5, dict.fromkeys(range(50), 3))
    assert list(decode_block(twice)) == [SealedWindow(1, {}, {"ttft": sketch, "first_visible": sketch})]
    assert len(twice) == len(alone) + 3  # none of tpot, none of ttfb, the byte that says the same


def test_a_sealer_of_an_older_version_leaves_what_it_does_not_know(client: redis.Redis) -> None:
    """Its table of counters ends earlier: a window with a newer counter stays as it is, no sketch of it is lost."""
    open_window(
        client, f"m:{PAST}:01", {"total_requests": 1, "ttfb_us": 5, "ttfb_count": 1}, {"1": 1}, ttfb={"2": 1}
    )
    known = WINDOW_COUNTERS[: WINDOW_COUNTERS.index("ttfb_us")]
    bases = [KEYS.window_base(kind, "p") for kind in ("metrics", "minutes", "hours")]
    sketches = [KEYS.window_base(quantity, "p") for quantity in ("latency", "ttft", "tpot")]
    older = (8, 7200, 700_000, *bases, len(known), *known, *sketches)

    assert client.eval(scripts.source("seal"), 1, KEYS.open_windows("p"), *older) == [0, 1]
    assert (
        client.exists(*(KEYS.sketch(quantity, "p", "m", f"{PAST}:01") for quantity in ("latency", "ttfb")))
        == 2
    )


def test_hours_are_packed_by_day_and_a_providers_counters_stay(client: redis.Redis) -> None:
    """A model's hour goes whole; of a provider's only the sketches go."""
    open_window(client, PAST, {"total_requests": 4}, {"scale": 2, "9": 4})
    open_window(client, f"m:{PAST}", {"total_requests": 4}, {"9": 4})

    assert seal(client, KEYS, "p") == (2, 0)
    assert list(decode_block(client.get(KEYS.sealed_hours("p", None, "2024-05-15")))) == [
        SealedWindow(9, {}, {"latency": (2, {9: 4})})
    ]
    assert list(decode_block(client.get(KEYS.sealed_hours("p", "m", "2024-05-15")))) == [
        SealedWindow(9, {"total_requests": 4}, {"latency": (4, {9: 4})})
    ]
    assert hash_of(client, KEYS.counters("p", None, PAST)) == {"total_requests": "4"}
    assert not client.exists(KEYS.counters("p", "m", PAST))


def test_late_data_is_appended(client: redis.Redis) -> None:
    """The same window twice in its block: both records are there."""
    for requests in (3, 4):
        open_window(client, f"{PAST}:59", {"total_requests": requests}, {})
        assert seal(client, KEYS, "p") == (1, 0)

    records = list(decode_block(client.get(KEYS.sealed_minutes("p", None, PAST))))
    assert [(record.id, record.counters["total_requests"]) for record in records] == [(59, 3), (59, 4)]


@pytest.mark.parametrize(
    ("counters", "latency"),
    [
        ({"total_requests": "many"}, {}),
        ({"total_requests": -1}, {}),
        ({"total_requests": 2**53}, {}),
        ({"of_a_newer_version": 1}, {}),
        ({"total_requests": 1}, {"x": 1}),
        ({"total_requests": 1}, {"3": "y"}),
        ({"total_requests": 1}, {"3.5": 1}),
        ({"total_requests": 1}, {"3": 1, "scale": 16}),
    ],
)
def test_a_window_that_cannot_be_packed_is_left_readable(
    client: redis.Redis, counters: dict[str, Any], latency: dict[str, Any]
) -> None:
    """Nothing of it is touched; it is looked at again in an hour."""
    member = f"{PAST}:07"
    open_window(client, member, counters, latency)
    kept = client.hgetall(KEYS.counters("p", None, member))

    assert seal(client, KEYS, "p") == (0, 1)
    assert client.hgetall(KEYS.counters("p", None, member)) == kept
    score = client.zscore(KEYS.open_windows("p"), member)
    assert score is not None
    assert 3590 < score - time.time() < 3610
    assert seal(client, KEYS, "p") == (0, 0)


def test_other_types_and_other_members_are_left(client: redis.Redis) -> None:
    """A block or a hash of another type stays, so does a member that names no window."""
    open_window(client, f"{PAST}:07", {"total_requests": 1}, {})
    client.rpush(KEYS.sealed_minutes("p", None, PAST), "theirs")
    open_window(client, "2024-05-15:11:08", {}, {"1": 1})
    client.set(KEYS.counters("p", None, "2024-05-15:11:08"), "theirs")
    open_window(client, "no window", {}, {})

    assert seal(client, KEYS, "p") == (0, 3)
    assert hash_of(client, KEYS.counters("p", None, f"{PAST}:07")) == {"total_requests": "1"}
    assert client.lrange(KEYS.sealed_minutes("p", None, PAST), 0, -1) == [b"theirs"]


def test_windows_not_over_stay_open(client: redis.Redis) -> None:
    """Redis' clock decides; at most so many at a call; an empty one just leaves the list."""
    client.zadd(KEYS.open_windows("p"), {f"m:{PAST}": time.time() + 60})
    for minute in range(5):
        open_window(client, f"{PAST}:0{minute}", {}, {})

    assert [seal(client, KEYS, "p", 3) for _ in range(3)] == [(3, 0), (2, 0), (0, 0)]
    assert client.zrange(KEYS.open_windows("p"), 0, -1) == [f"m:{PAST}".encode()]
    assert client.keys("*minutes*") == []


def admit(client: redis.Redis, *names: str, now: int = 1000, most: int = 2, ttl: int = 60) -> list[int]:
    *answers, key = client.eval(scripts.source("admit"), 1, "index", now, most, 100, ttl, *names)
    assert key == b"index"
    return answers


def test_names_are_admitted_while_there_is_room(client: redis.Redis) -> None:
    """`?` only asks; the idle make room; an answer stands for everybody."""
    assert admit(client, "?a", "+a", "+b", "+c", "?b", "+a") == [0, 1, 1, 0, 1, 1]
    assert 0 < client.ttl("index") <= 60
    assert admit(client, "+c", "?a", now=1100, ttl=0) == [1, 0]
    assert client.zrange("index", 0, -1, withscores=True) == [(b"c", 1100.0)]


def test_what_only_grows_tells_since_when(client: redis.Redis) -> None:
    """A hash that lives as long as the guard, from the batch that began it on; a window's tells nothing."""
    lasting = [[GUARD, "1000", {"a": 1}], ["k", "1000", {"a": 1}], ["window", "60", {"a": 1}]]
    first = apply(client, 0, 1, increments=lasting)
    apply(client, 1, 2, increments=lasting)
    began = first[2].decode()

    assert hash_of(client, "k") == {"a": "2", "created": began}
    assert hash_of(client, GUARD).items() >= {"a": "2", "created": began}.items()
    assert hash_of(client, "window") == {"a": "2"}
    client.delete("k")
    again = apply(client, 2, 3, increments=lasting)[2].decode()

    assert hash_of(client, "k") == {"a": "1", "created": again}
    assert hash_of(client, GUARD)["created"] == began


def test_a_hash_that_an_older_writer_began_does_not_tell_since_when(client: redis.Redis) -> None:
    """Its first counts were before: nobody knows when."""
    client.hset("k", "a", 5)
    client.hset(GUARD, "a", 5)
    apply(client, 0, 1, increments=[[GUARD, "1000", {"a": 1}], ["k", "1000", {"a": 1}]])

    assert hash_of(client, "k") == {"a": "6"}
    assert "created" not in hash_of(client, GUARD)


def test_guards_alone_are_no_beginning(client: redis.Redis) -> None:
    """A first batch that was refused leaves its writer's guard: counting begins with the batch that is taken."""
    client.hset(GUARD, "writer:refused", "0:1000")
    taken = apply(client, 0, 1, increments=[[GUARD, "1000", {"a": 1}]])

    assert hash_of(client, GUARD)["created"] == taken[2].decode()


def test_notes_are_set_in_hashes_that_are_there(client: redis.Redis) -> None:
    """The last one stays; a note alone makes no key, for it would live for ever."""
    apply(client, 0, 1, increments=[["k", 60, {"a": 1}]], notes=[["k", "n", "one"], ["none", "n", "one"]])
    apply(client, 1, 2, notes=[["k", "n", "two"]])

    assert hash_of(client, "k") == {"a": "1", "n": "two"}
    assert not client.exists("none")


def test_a_note_for_a_key_of_another_type_costs_only_itself(client: redis.Redis) -> None:
    """The rest of the batch is applied."""
    client.set("mine", "x")
    reply = apply(client, 0, 1, notes=[["mine", "n", "one"]], lists=[["l", 60, 5, ["item"]]])

    assert reply[0] == b"OK"
    assert client.get("mine") == b"x"
    assert client.lrange("l", 0, -1) == [b"item"]
