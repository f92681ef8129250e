"""Tests of what a writer says of itself, and of the entries that others left behind."""

import orjson
import redis

from tokenpulse.flushing.writer_report import WRITERS_RETENTION_SECONDS, WriterReport

KEY = "writers:{app}"
NOW = 1_800_000_000.0


def _writers(client: redis.Redis) -> set[str]:
    return {name.decode() for name in client.hkeys(KEY)}


def test_a_report_is_replaced_and_taken_back(redis_client: redis.Redis) -> None:
    """One entry for each writer, with what it said last; none once it has ended."""
    report = WriterReport(redis_client, KEY, "me", NOW)
    for pending in (1, 2):
        assert report.send(NOW + pending, [("GET", "/a", 3)], {"pending_batches": pending})

    held = orjson.loads(redis_client.hget(KEY, "me") or b"")
    assert (held["at"], held["started_at"], held["stats"]) == (NOW + 2, NOW, {"pending_batches": 2})
    assert held["in_progress"] == [["GET", "/a", 3]]
    assert redis_client.ttl(KEY) == WRITERS_RETENTION_SECONDS

    report.withdraw()

    assert _writers(redis_client) == set()


def test_writers_that_died_are_forgotten(redis_client: redis.Redis) -> None:
    """A new writer removes entries an hour old: processes that crash again and again leave no pile behind."""
    for number in range(200):
        old = orjson.dumps({"at": NOW - WRITERS_RETENTION_SECONDS - 1 - number})
        redis_client.hset(KEY, f"dead{number}", old)
    redis_client.hset(KEY, "alive", orjson.dumps({"at": NOW - WRITERS_RETENTION_SECONDS}))
    for number, text in enumerate((b"no JSON", b"[]", b"{}", b'{"at": "then"}')):
        redis_client.hset(KEY, f"strange{number}", text)
    report = WriterReport(redis_client, KEY, "me", NOW)
    assert report.send(NOW, [], {})

    assert _writers(redis_client) == {"me", "alive", *(f"strange{number}" for number in range(4))}

    redis_client.hset(KEY, "dead", orjson.dumps({"at": 0}))
    assert report.send(NOW, [], {})

    assert "dead" in _writers(redis_client)  # swept once: the next new writer will


def test_a_key_that_holds_something_else_is_left_alone(redis_client: redis.Redis) -> None:
    """It is said, and nothing is raised."""
    redis_client.set(KEY, "mine")

    assert not WriterReport(redis_client, KEY, "me", NOW).send(NOW, [], {})
    assert redis_client.get(KEY) == b"mine"
