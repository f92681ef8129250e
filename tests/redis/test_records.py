"""Packed windows that a writer sends, applied by a real Redis and by the embedded store."""

from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.support.sealing import seal
from tokenpulse.batches.operations import LONGEST_BLOCK_BYTES, Operations
from tokenpulse.outage.count_codes import SKETCH_BASES
from tokenpulse.outage.packed_counts import pack, unpack_sorted
from tokenpulse.outage.window_record import RecordWriter, block_record
from tokenpulse_shared import scripts
from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_client import connect, memory_server
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE, ZERO, rescaled
from tokenpulse_shared.windows.sealed import decode_block
from tokenpulse_shared.windows.window_builder import decode_sketch

KEYS = Keyspace()
HOUR = "2024-05-15:09"
MEMBER = KEYS.window_member("m", HOUR)
BLOCK = KEYS.sealed_minutes("p", "m", HOUR)
MINUTE = f"{HOUR}:07"
COUNTERS = {0: 5, 1: 300, 7: 2**40}
LATENCIES = {-640: 1, -3: 70, 2: 9, 700: 2**33, ZERO: 4}
"""Gaps and counts of all sizes."""


@pytest.fixture(params=["redis", "memory"])
def client(request: pytest.FixtureRequest) -> Iterator[redis.Redis]:
    """Give a client of an empty store of each kind."""
    url = request.getfixturevalue("redis_url") if request.param == "redis" else "memory://records"
    if request.param == "memory":
        memory_server("records")
    with connect(url) as held:
        held.flushdb()
        yield held


def _record(minute: int, sketches: dict[str, dict[int, int]]) -> bytes:
    counts = dict(COUNTERS)
    for base, quantity in zip(SKETCH_BASES, SKETCHED, strict=True):
        counts |= {base + index: count for index, count in sketches.get(quantity, {}).items()}
    return block_record(minute, RecordWriter().payload(*unpack_sorted(pack(counts)), FINE_SCALE))


def _apply(
    client: redis.Redis, records: bytes, sequence: int = 1, *, scale: int = FINE_SCALE, capacity: int = 0
) -> list[Any]:
    operations = Operations()
    operations.record(BLOCK, 7200, MEMBER, scale, capacity, records)
    operations.increment("after", 60, {"n": 1})
    bases = [KEYS.window_base(kind, "p") for kind in ("metrics", *SKETCHED)]
    operations.spread_by(KEYS.open_windows("p"), 7200, bases, WINDOW_COUNTERS)
    arguments = ("w", sequence - 1, sequence, 1000, operations.encode())
    reply: list[Any] = client.eval(scripts.source("apply"), 1, KEYS.totals("p"), *arguments)
    return reply


def _full_block() -> bytes:
    """Return records of another minute that are longer than a block may be."""
    record = _record(59, {"latency": LATENCIES})
    return record * (LONGEST_BLOCK_BYTES // len(record) + 1)


def test_records_are_appended_as_they_are(client: redis.Redis) -> None:
    """What writers send one after another stands in the block, which lives as long as its minutes."""
    first, second = _record(7, {"latency": LATENCIES}), _record(8, {})
    assert _apply(client, first)[0] == _apply(client, second, 2)[0] == b"OK"

    assert client.get(BLOCK) == first + second
    assert 7100 < client.ttl(BLOCK) <= 7200
    assert client.hgetall("after") == {b"n": b"2"}


def test_a_long_block_takes_no_more_records(client: redis.Redis) -> None:
    """They become the hashes of their windows, with every count, and the window is listed to be packed."""
    full = _full_block()
    client.set(BLOCK, full)
    records = _record(7, {"latency": LATENCIES, "ttft": LATENCIES, "itl": {1: 2}})
    assert _apply(client, records + records)[:4:3] == [b"OK", 0]

    assert client.get(BLOCK) == full
    counters = client.hgetall(KEYS.counters("p", "m", MINUTE))
    assert {name.decode(): int(count) for name, count in counters.items()} == {
        WINDOW_COUNTERS[place]: 2 * count for place, count in COUNTERS.items()
    }
    for quantity, buckets in (("latency", LATENCIES), ("ttft", LATENCIES), ("itl", {1: 2})):
        held = client.hgetall(KEYS.sketch(quantity, "p", "m", MINUTE))
        doubled = {index: 2 * count for index, count in buckets.items()}
        assert decode_sketch(held, FINE_SCALE) == (doubled, FINE_SCALE)
    assert not client.exists(KEYS.sketch("tpot", "p", "m", MINUTE))
    assert client.zrange(KEYS.open_windows("p"), 0, -1) == [KEYS.window_member("m", MINUTE).encode()]


def test_what_was_spread_is_packed_again(client: redis.Redis) -> None:
    """The seal script makes one record of what several writers sent past the block's length."""
    full = _full_block()
    client.set(BLOCK, full)
    for sequence in (1, 2, 3):
        _apply(client, _record(7, {"latency": LATENCIES}), sequence)
    client.zadd(KEYS.open_windows("p"), {KEYS.window_member("m", MINUTE): 1})
    assert seal(client, KEYS, "p") == (1, 0)

    block = client.get(BLOCK) or b""
    [window] = decode_block(block[len(full) :])
    assert window.id == 7
    assert window.sketches["latency"] == (FINE_SCALE, {index: 3 * n for index, n in LATENCIES.items()})


def test_fine_records_spread_into_coarse_sketches(client: redis.Redis) -> None:
    """A sketch finer than its window's keeps its counts in fewer buckets, within the most there may be."""
    client.set(BLOCK, _full_block())
    many = dict.fromkeys(range(-200, 200), 1)
    _apply(client, _record(7, {"latency": LATENCIES, "itl": many}), scale=COARSE_SCALE, capacity=150)

    latency = client.hgetall(KEYS.sketch("latency", "p", "m", MINUTE))
    itl = client.hgetall(KEYS.sketch("itl", "p", "m", MINUTE))
    coarse = rescaled(LATENCIES, FINE_SCALE, COARSE_SCALE)
    assert decode_sketch(latency, COARSE_SCALE) == (coarse, COARSE_SCALE)
    assert decode_sketch(itl, COARSE_SCALE) == (rescaled(many, FINE_SCALE, 3), 3)


def test_a_block_that_is_something_else_is_left_alone(client: redis.Redis) -> None:
    """Its records are rejected and counted, the rest of the batch is applied."""
    client.lpush(BLOCK, "not ours")
    status, _, _, rejected, reason, _ = _apply(client, _record(7, {}))

    assert (status, rejected) == (b"OK", 1)
    assert reason.startswith(BLOCK.encode() + b": GET: WRONGTYPE")
    assert client.lrange(BLOCK, 0, -1) == [b"not ours"]
    assert client.hgetall("after") == {b"n": b"1"}
