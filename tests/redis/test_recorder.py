"""Tests of the recorder as apps use it, against a real Redis."""

import asyncio
import math
import socket
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.processes import wait_until
from tests.support.proxy import FaultProxy
from tests.support.redis_server import RedisServer
from tokenpulse.recorder import _NAMES_REMEMBERED, Recorder
from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.records import Observation
from tokenpulse_shared.settings import Settings

_KEYS = Keyspace()


@pytest.fixture
def recorder(redis_url: str) -> Iterator[Recorder]:
    recorder = Recorder(redis_url, flush_interval=0.05)
    yield recorder
    recorder.close()
    recorder._client.close()


def _totals(client: redis.Redis, provider: str, model: str | None = None) -> dict[str, int]:
    fields = client.hgetall(_KEYS.totals(provider, model))
    return {name.decode(): int(count) for name, count in fields.items() if not name.startswith(b"writer:")}


async def test_recording_starts_the_flush_and_closing_ends_it(
    recorder: Recorder, redis_client: redis.Redis
) -> None:
    """The first call starts a thread that flushes soon; aclose sends the rest; recording goes on after it."""
    recorder.record(provider="p", model="m", latency_ms=100)
    wait_until(lambda: _totals(redis_client, "p").get("total_requests") == 1, "the first call in Redis")
    recorder.record(provider="p", model="m", latency_ms=100)
    await recorder.aclose()
    assert _totals(redis_client, "p")["total_requests"] == 2

    recorder.record(provider="p", model="m", latency_ms=100)
    await recorder.aclose()
    await recorder.aclose()

    assert _totals(redis_client, "p")["total_requests"] == 3
    assert redis_client.hlen(_KEYS.writers("app")) == 0


async def test_start_flushes_without_a_call(recorder: Recorder, redis_client: redis.Redis) -> None:
    """A started recorder reports itself although nothing was recorded."""
    await recorder.start()
    await recorder.start()
    wait_until(lambda: redis_client.hlen(_KEYS.writers("app")) == 1, "a report")

    assert recorder.stats()["connected"] is True


def test_every_argument_is_counted(recorder: Recorder, redis_client: redis.Redis) -> None:
    """Milliseconds, USD, tokens and the outcome end in the totals in their integer units."""
    recorder.record(
        provider="openai", model="gpt-4o", latency_ms=1500, success=True, cost=0.0012, tokens_input=100,
        tokens_output=51, ttft_ms=500.0, tokens_cached=10, tokens_reasoning=20, streaming=True,
    )  # fmt: skip
    recorder.record(
        provider="openai", model="gpt-4o", success=False, error_type="rate_limit", error_message="slow down",
        status_code=429,
    )  # fmt: skip
    assert recorder.flush()

    expected = {
        "total_requests": 2,
        "successful_requests": 1,
        "failed_requests": 1,
        "tokens_input": 100,
        "tokens_output": 51,
        "tokens_cached": 10,
        "tokens_reasoning": 20,
        "total_cost": 1_200_000,
        "latency_us": 1_500_000,
        "latency_count": 1,
        "ttft_us": 500_000,
        "ttft_count": 1,
        "tpot_us": 20_000,
        "tpot_count": 1,
        "unpriced_requests": 1,
        "outcome:success": 1,
        "outcome:rate_limit": 1,
        "usage:reported": 1,
        "usage:unknown": 1,
    }
    assert _totals(redis_client, "openai") == expected
    assert redis_client.lrange(_KEYS.errors("openai"), 0, -1) != []


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ({"success": True, "error_type": "timeout"}, "success"),
        ({"success": False, "error_type": "timeout"}, "timeout"),
        ({"success": False, "error_type": "network"}, "network"),
        ({"success": False, "error_type": "other"}, "provider_error"),
        ({"success": False}, "provider_error"),
    ],
)
def test_outcome_follows_success_and_error_type(
    recorder: Recorder, redis_client: redis.Redis, given: dict[str, Any], outcome: str
) -> None:
    """The classic four-way view names the outcome of a failure."""
    recorder.record(provider="p", model="m", **given)
    recorder.flush()

    assert _totals(redis_client, "p")[f"outcome:{outcome}"] == 1


class _Hostile:
    """Fail at whatever is done with it."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    __hash__ = None

    def __float__(self) -> float:
        raise RuntimeError("no number")


_BAD: list[Any] = [
    math.nan, math.inf, -1, -0.5, 10**400, 2**63, "", "\ud800", "5", b"x", True, [], {}, object(), _Hostile(), 1j,
]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["provider", "model", "latency_ms", "cost", "tokens_input", "tokens_output", "ttft_ms", "error_message",
     "error_type", "status_code", "tokens_cached", "tokens_reasoning", "gateway", "streaming"],
)  # fmt: skip
def test_a_bad_argument_costs_only_itself(recorder: Recorder, redis_client: redis.Redis, name: str) -> None:
    """Whatever is handed in, nothing is raised, the call counts, no batch is spoilt, and nothing is an inner error."""
    recorder._started = True
    for bad in _BAD:
        given: dict[str, Any] = {"provider": "p", "model": "m", "success": False} | {name: bad}
        recorder.record(**given)
    assert recorder.flush()

    providers = [provider.decode() for provider in redis_client.zrange(_KEYS.providers(), 0, -1)]
    counted = sum(_totals(redis_client, provider)["total_requests"] for provider in providers)
    assert counted == len(_BAD)
    counts = recorder.stats()["counts"]
    assert [cause for cause in counts if cause.startswith("error:")] == []
    assert sum(count for cause, count in counts.items() if cause.startswith("fault:")) >= (
        8 if name != "streaming" else 0
    )


def test_a_success_without_a_truth_value_is_an_inner_error(recorder: Recorder) -> None:
    """A call of which not even the outcome can be told is counted as an error inside, and raises nothing."""

    class Undecided:
        def __bool__(self) -> bool:
            raise ValueError("ambiguous")

    recorder._started = True
    recorder.record(provider="p", model="m", success=Undecided())

    assert recorder.stats()["counts"] == {"error:record": 1}
    assert recorder.stats()["observations"] == 0


def test_names_are_remembered_within_a_bound(recorder: Recorder) -> None:
    """Cleaned names are kept for speed, a bounded number of them and no long ones."""
    recorder._started = True
    for number in range(_NAMES_REMEMBERED + 10):
        recorder.record(provider="p", model=f"m{number}")
        assert len(recorder._names) <= _NAMES_REMEMBERED
    before = len(recorder._names)
    recorder.record(provider="p", model="x" * 1000)

    assert len(recorder._names) == before


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
        "last_flush_at": None,
        "pending_batches": 0,
        "series": 2,
        "observations": 2,
        "clock_offset_seconds": 0.0,
        "counts": {"fault:duration_rejected": 1},
    }
    assert after["connected"] is True
    assert after["last_flush_at"] == pytest.approx(time.time(), abs=5)
    assert (after["series"], after["observations"]) == (0, 2)
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

    assert _totals(redis_client, "p")["latency_us"] == 500_000
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
    assert _totals(redis_client, "p")["total_requests"] == 1
    assert recorder._client is not parent_client
    assert recorder._pipeline.writer.writer_id != parent_writer
    parent_client.close()


def test_draining_flushes_at_once(redis_url: str, redis_client: redis.Redis) -> None:
    """A process that was told to end flushes after every call, however long its interval."""
    recorder = Recorder(redis_url, flush_interval=60)
    recorder.record(provider="p", model="m")
    recorder.drain()
    wait_until(lambda: _totals(redis_client, "p").get("total_requests") == 1, "the call in Redis")
    recorder.close()


def test_settings_are_given_whole_or_by_name(redis_url: str) -> None:
    """A wrong setting stops the start; the representation hides the password."""
    recorder = Recorder(settings=Settings.load({}, redis_url="redis://:secret@localhost:1/0"))

    assert "secret" not in repr(recorder)
    assert "redis://:***@localhost:1/0" in repr(recorder)
    with pytest.raises(SettingsError, match="flush_interval"):
        Recorder(redis_url, flush_interval=0)


def test_a_lost_reply_counts_once(redis_server: RedisServer) -> None:
    """A connection cut after Redis applied a batch leaves exact totals behind the running thread."""
    with FaultProxy(redis_server.port) as proxy, redis_server.client() as client:
        recorder = Recorder(proxy.url, flush_interval=0.05)
        recorder.record(provider="p", model="m", tokens_input=3)
        wait_until(lambda: _totals(client, "p").get("tokens_input") == 3, "the first call")
        proxy.drop_reply_to(b'"increments"')
        recorder.record(provider="p", model="m", tokens_input=5)
        wait_until(lambda: recorder.stats()["counts"].get("duplicates") == 1, "a duplicate")
        recorder.record(provider="p", model="m", tokens_input=7)
        recorder.close()

        assert proxy.cuts == 1
        assert _totals(client, "p")["tokens_input"] == 15
        assert recorder.stats()["observations"] == 3


def test_redis_that_lost_all_is_restored(redis_server: RedisServer) -> None:
    """After a restart without data the recent batches come again; totals are those of the ledger."""
    recorder = Recorder(redis_server.url, flush_interval=0.05)
    for _ in range(5):
        recorder.record(provider="p", model="m")
        assert recorder.flush()
    redis_server.restart()
    recorder.record(provider="p", model="m")
    recorder.close()

    with redis_server.client() as client:
        assert _totals(client, "p")["total_requests"] == 6
    assert "unrecoverable" not in recorder.stats()["counts"]


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Give the URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


@pytest.mark.parametrize("starts_thread", [True, False])
async def test_close_is_quick_when_redis_never_answers(silent_url: str, starts_thread: bool) -> None:
    """A black hole delays the end of an app by 2 s at most, and nothing is raised."""
    recorder = Recorder(silent_url, flush_interval=0.05)
    recorder._started = not starts_thread
    recorder.record(provider="p", model="m")
    began = time.monotonic()
    await recorder.aclose()

    assert time.monotonic() - began < 2.4
    assert _is_kept(recorder)


def _is_kept(recorder: Recorder) -> bool:
    return recorder.stats()["series"] + recorder.stats()["pending_batches"] >= 1


def test_recording_never_waits_for_redis(silent_url: str) -> None:
    """Calls return at once while the flush hangs."""
    recorder = Recorder(silent_url, flush_interval=0.05)
    recorder.ensure_started()
    longest = 0.0
    for _ in range(2_000):
        began = time.perf_counter()
        recorder.record(provider="p", model="m", latency_ms=1)
        longest = max(longest, time.perf_counter() - began)

    assert longest < 0.5
    assert recorder.stats()["observations"] == 2_000
    recorder.close()


def test_a_refused_login_is_said_once(redis_server: RedisServer, caplog: pytest.LogCaptureFixture) -> None:
    """A wrong password is one line, without the password, and no hot loop; counts wait."""
    with redis_server.client() as client:
        client.config_set("requirepass", "right")
    recorder = Recorder(f"redis://:wrong@127.0.0.1:{redis_server.port}/0", flush_interval=0.05)
    recorder.record(provider="p", model="m")
    wait_until(lambda: recorder.stats()["last_error"] is not None, "a refusal")

    assert recorder.stats()["last_error"] == "AuthenticationError"
    assert recorder._flusher._pause_seconds() >= 30
    recorder.close()
    assert [record.getMessage() for record in caplog.records] == [
        "flush failed, counts are kept and sent later: AuthenticationError"
    ]
    assert _is_kept(recorder)


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

    totals = _totals(redis_client, "p")
    assert (totals["total_requests"], totals["tokens_output"]) == (4_000, 8_000)


def test_the_embedded_store_takes_the_same_batches() -> None:
    """`memory://` holds what a real server would."""
    recorder = Recorder("memory://recorder-test")
    recorder._started = True
    recorder.record(provider="p", model="m", tokens_input=3, latency_ms=5)

    assert recorder.flush()
    assert _totals(recorder._client, "p", "m")["tokens_input"] == 3
