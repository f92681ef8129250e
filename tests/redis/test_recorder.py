"""Tests of the recorder as apps use it, against a real Redis."""

import asyncio
import time
from collections.abc import Callable

import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.processes import wait_until
from tests.support.written import KEYS, series_totals
from tokenpulse.recorder import Recorder
from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.records import Observation
from tokenpulse_shared.settings import Settings


async def test_recording_starts_the_flush_and_closing_ends_it(
    recorder: Recorder, redis_client: redis.Redis
) -> None:
    """The first call starts a thread that flushes soon; aclose sends the rest; recording goes on after it."""
    recorder.record(provider="p", model="m", latency_ms=100)
    wait_until(lambda: series_totals(redis_client, "p").get("total_requests") == 1, "the first call in Redis")
    recorder.record(provider="p", model="m", latency_ms=100)
    await recorder.aclose()
    assert series_totals(redis_client, "p")["total_requests"] == 2

    recorder.record(provider="p", model="m", latency_ms=100)
    await recorder.aclose()
    await recorder.aclose()

    assert series_totals(redis_client, "p")["total_requests"] == 3
    assert redis_client.hlen(KEYS.writers("app")) == 0


async def test_start_flushes_without_a_call(recorder: Recorder, redis_client: redis.Redis) -> None:
    """A started recorder reports itself although nothing was recorded."""
    await recorder.start()
    await recorder.start()
    wait_until(lambda: recorder.stats()["connected"] is True, "a flush that went well")

    assert redis_client.hlen(KEYS.writers("app")) == 1


def test_stats_tell_what_the_recorder_knows(recorder: Recorder) -> None:
    """Before and after a flush the numbers are those of this process; unknown is None."""
    recorder._started = True
    recorder.record(provider="p", model="m")
    recorder.record(provider="p", model="n", latency_ms=-1)
    before = recorder.stats()
    recorder.flush()
    after = recorder.stats()

    assert before == {
        "connected": None,
        "last_error": None,
        "lacking_rights": None,
        "partial_error": None,
        "last_flush_at": None,
        "staleness_seconds": None,
        "observations": 2,
        "flushed": 0,
        "pending": 2,
        "pending_batches": 0,
        "series": 2,
        "duplicates_dropped": 0,
        "gaps": 0,
        "gaps_replayed": 0,
        "unrecoverable": 0,
        "dropped": {"duration_rejected": 1},
        "clock_offset_seconds": 0.0,
        "counts": {"fault:duration_rejected": 1},
    }
    assert after["connected"] is True
    assert after["last_flush_at"] == pytest.approx(time.time(), abs=5)
    assert 0 <= after["staleness_seconds"] < 5
    assert (after["series"], after["observations"], after["flushed"], after["pending"]) == (0, 2, 2, 0)
    assert abs(after["clock_offset_seconds"]) < 1
    assert after["counts"] == {"fault:duration_rejected": 1, "flushes": 1, "batches": 2, "observations": 2}


def test_windows_follow_redis_time(redis_url: str) -> None:
    """A host whose clock is an hour off writes into the right windows once Redis has answered."""
    clock = FakeClock(time=time.time() - 3600.0)
    recorder = Recorder(redis_url, clock=clock)
    recorder._started = True
    recorder._bucket_clock._follows_server = True
    recorder.record(provider="p", model="m")
    recorder.flush()

    assert recorder.stats()["clock_offset_seconds"] == pytest.approx(3600.0, abs=5)
    recorder._client.close()


def test_observations_and_http_faults_come_in_from_the_middleware(
    recorder: Recorder, redis_client: redis.Redis
) -> None:
    """What the observers hand over is folded as it is."""
    recorder._started = True
    recorder.observe(Observation("p", "m", latency_seconds=0.5))
    recorder.count_fault("x")
    recorder.internal_error("observe", ValueError("y"))
    recorder.flush()

    assert series_totals(redis_client, "p")["latency_us"] == 500_000
    counts = recorder.stats()["counts"]
    assert (counts["fault:x"], counts["error:observe"]) == (1, 1)


def test_inner_errors_are_raised_under_test_only(redis_url: str) -> None:
    """With the setting on, what would be counted comes out."""
    recorder = Recorder(redis_url, raise_internal_errors=True)

    with pytest.raises(ValueError, match="y"):
        recorder.internal_error("observe", ValueError("y"))


def test_a_forked_child_begins_with_nothing(recorder: Recorder, redis_client: redis.Redis) -> None:
    """What the parent counted is the parent's; the child has a writer, a connection and counts of its own."""
    recorder._started = True
    recorder.record(provider="p", model="m", latency_ms=-1)
    parent_client, parent_writer = recorder._client, recorder._pipeline.writer.writer_id
    recorder.begin_again()

    assert recorder.stats()["observations"] == recorder.stats()["series"] == 0
    assert recorder.stats()["counts"] == {}
    recorder.record(provider="p", model="m")
    recorder.close()
    assert series_totals(redis_client, "p")["total_requests"] == 1
    assert recorder._client is not parent_client
    assert recorder._pipeline.writer.writer_id != parent_writer
    parent_client.close()


def test_draining_flushes_at_once(
    redis_url: str, redis_client: redis.Redis, open_recorder: Callable[..., Recorder]
) -> None:
    """A process that was told to end flushes after every call, however long its interval."""
    recorder = open_recorder(redis_url, flush_interval=60)
    recorder.record(provider="p", model="m")
    recorder.drain()
    wait_until(lambda: series_totals(redis_client, "p").get("total_requests") == 1, "the call in Redis")
    recorder.close()


def test_settings_are_given_whole_or_by_name(redis_url: str) -> None:
    """A wrong setting stops the start; the representation hides the password."""
    recorder = Recorder(settings=Settings.load({}, redis_url="redis://:secret@localhost:1/0"))

    assert "secret" not in repr(recorder)
    assert "redis://:***@localhost:1/0" in repr(recorder)
    with pytest.raises(SettingsError, match="flush_interval"):
        Recorder(redis_url, flush_interval=0)


async def test_one_recorder_serves_several_loops_and_threads(
    recorder: Recorder, redis_client: redis.Redis
) -> None:
    """Calls from many threads, each with a loop of its own, add up exactly."""

    def record_many() -> None:
        async def calls() -> None:
            for _ in range(500):
                recorder.record(provider="p", model="m", tokens_output=2)

        asyncio.run(calls())

    await asyncio.gather(*(asyncio.to_thread(record_many) for _ in range(8)))
    await recorder.aclose()

    totals = series_totals(redis_client, "p")
    assert (totals["total_requests"], totals["tokens_output"]) == (4_000, 8_000)


def test_the_embedded_store_takes_the_same_batches() -> None:
    """`memory://` holds what a real server would."""
    recorder = Recorder("memory://recorder-test")
    recorder._started = True
    recorder.record(provider="p", model="m", tokens_input=3, latency_ms=5)

    assert recorder.flush()
    assert series_totals(recorder._client, "p", "m")["tokens_input"] == 3
