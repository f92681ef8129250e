"""Tests that keys somebody else touched cost only what would have gone into them, exactly once."""

from collections.abc import Callable
from typing import cast

import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.written import KEYS, total
from tokenpulse.recorder import Recorder
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.keyspace import stamp

MakeRecorder = Callable[..., Recorder]
Held = dict[str, object]

MOST = 2**63 - 1


def _record(recorder: Recorder) -> None:
    """Record what touches every kind of key."""
    recorder.record(
        provider="p",
        model="m",
        latency_ms=250,
        ttft_ms=100,
        tokens_output=7,
        tokens_input=3,
        cost=0.5,
        gateway="g",
    )
    recorder.record(provider="p", model="m", success=False, error_type="timeout", gateway="g")
    recorder.count_http(HttpExchange("GET", "/a", 200, 0.1, 5, 7, "ValueError"))


def _contents(client: redis.Redis) -> Held:
    """Return what every key holds that counts something: hashes, sorted sets, lists; without guards and reports."""
    held: Held = {}
    for key in cast("list[bytes]", list(client.scan_iter("*"))):
        name = key.decode()
        kind = client.type(key)
        if "writers:" in name or "version" in name or "errors:" in name or "circuit:" in name:
            continue  # they hold times, or reports
        if kind == b"hash":
            fields = cast("dict[bytes, bytes]", client.hgetall(key))
            held[name] = {
                field: count
                for field, count in fields.items()
                if not field.startswith((b"writer:", b"created", b'["internal"', b'["duration'))
            }
        elif kind == b"zset":
            held[name] = set(client.zrange(key, 0, -1))
    return held


def _flushed(make_recorder: MakeRecorder, client: redis.Redis) -> tuple[Held, dict[str, int]]:
    """Record and flush twice with a new writer; return what Redis holds then, and the recorder's counts."""
    recorder = make_recorder(clock=FakeClock(1_800_000_000.0))
    for _ in range(2):
        _record(recorder)
        assert recorder.flush() or recorder.flush()
    return _contents(client), recorder.stats()["counts"]


def test_any_one_key_of_a_wrong_type_costs_only_itself(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """Every key that a flush writes, but the guards', is replaced by a text in turn: all others are as without it."""
    expected, counts = _flushed(make_recorder, redis_client)
    guards = {KEYS.totals("p"), KEYS.gateway_guard("g"), KEYS.http_totals("app")}
    indexes = {KEYS.providers(), KEYS.gateways(), KEYS.models("p"), KEYS.routes("app"), KEYS.apps()}
    tried = expected.keys() - guards - indexes

    assert "rejected_increments" not in counts
    assert len(tried) >= 15
    for key in sorted(tried):
        redis_client.flushdb()
        redis_client.set(key, "mine")
        held, counts = _flushed(make_recorder, redis_client)

        assert held == {name: fields for name, fields in expected.items() if name != key}, key
        assert redis_client.get(key) == b"mine"
        assert redis_client.ttl(key) == -1
        assert counts["rejected_increments"] >= 2, key
        assert [name for name in counts if name.startswith("error:")] == []


def test_a_guard_of_a_wrong_type_holds_its_group_alone(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """Without a guard nothing can be counted exactly once: the provider's counts wait, others go on, none is lost."""
    redis_client.set(KEYS.totals("p"), "mine")
    recorder = make_recorder()
    for _ in range(5):
        _record(recorder)
        recorder.record(provider="q", model="m")
        assert not recorder.flush()

    assert total(redis_client, "q", "m") == 5
    assert redis_client.get(KEYS.totals("p")) == b"mine"
    assert total(redis_client, "p", "m") == 0

    redis_client.delete(KEYS.totals("p"))

    assert any(recorder.flush() for _ in range(3))
    assert (total(redis_client, "p"), total(redis_client, "p", "m")) == (10, 10)


@pytest.mark.parametrize("text", [str(MOST), str(MOST - 1), "no number", "1.5", ""])
def test_a_counter_that_can_take_no_more_costs_only_itself(
    make_recorder: MakeRecorder, redis_client: redis.Redis, text: str
) -> None:
    """Totals, windows, gateways, HTTP: a full or broken field keeps what it has, is counted, and all others add up."""
    clock = FakeClock(1_800_000_000.0)
    expected, _ = _flushed(make_recorder, redis_client)
    redis_client.flushdb()
    hour = stamp("hour", clock.time())
    spoilt = {
        KEYS.totals("p"): "total_requests",
        KEYS.totals("p", "m"): "tokens_output",
        KEYS.counters("p", "m", hour): "total_requests",
        KEYS.counters("p", None, hour): "latency_us",
        KEYS.gateway_hour("g", hour): "success",
        KEYS.http_totals("app"): '["requests","GET","/a",200]',
    }
    for key, field in spoilt.items():
        redis_client.hset(key, field, text)
    held, counts = _flushed(make_recorder, redis_client)

    taken = 2 if text == str(MOST - 1) else 0  # HTTP, hours of a gateway count one each flush: the first fits
    for key, field in spoilt.items():
        fields = cast("dict[bytes, bytes]", held[key])
        kept = fields.pop(field.encode())
        assert kept == text.encode() or (taken and kept == str(MOST).encode()), key
        cast("dict[bytes, bytes]", expected[key]).pop(field.encode())
    assert held == expected
    assert counts["rejected_increments"] == 2 * len(spoilt) - taken


def test_a_sketch_with_somebodys_field_is_no_end_of_a_batch(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """An hour's sketch that is too large to stay as it is, and holds what is no bucket, is left; the rest arrives."""
    clock = FakeClock(1_800_000_000.0)
    key = KEYS.sketch("latency", "p", "m", stamp("hour", clock.time()))
    redis_client.hset(key, mapping={"scale": 4, "no bucket": 1} | {str(index): 1 for index in range(480)})
    recorder = make_recorder(clock=clock)
    for turn in range(1, 4):
        _record(recorder)
        assert recorder.flush()
        assert (total(redis_client, "p"), total(redis_client, "p", "m")) == (2 * turn, 2 * turn)
        assert redis_client.llen(KEYS.errors("p")) == turn

    assert redis_client.hget(key, "no bucket") == b"1"
    assert "duplicates" not in recorder.stats()["counts"]
