"""Tests of a running recorder when Redis or the way to it fails."""

import socket
from collections.abc import Callable, Iterator

import pytest

from tests.support.processes import wait_until
from tests.support.proxy import FaultProxy
from tests.support.redis_server import RedisServer
from tests.support.stopwatch import unhindered_seconds
from tests.support.written import series_totals
from tokenpulse.recorder import Recorder

pytestmark = pytest.mark.usefixtures("own_limits")


@pytest.fixture
def silent_url() -> Iterator[str]:
    """Give the URL of a server that takes connections and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"redis://127.0.0.1:{listener.getsockname()[1]}/0"


def _is_kept(recorder: Recorder) -> bool:
    return recorder.stats()["series"] + recorder.stats()["pending_batches"] >= 1


def test_a_lost_reply_counts_once(redis_server: RedisServer, open_recorder: Callable[..., Recorder]) -> None:
    """A connection cut after Redis applied a batch leaves exact totals behind the running thread."""
    with FaultProxy(redis_server.port) as proxy, redis_server.client() as client:
        recorder = open_recorder(proxy.url, flush_interval=0.05)
        recorder.record(provider="p", model="m", tokens_input=3)
        wait_until(lambda: series_totals(client, "p").get("tokens_input") == 3, "the first call")
        proxy.drop_reply_to(b'"increments"')
        recorder.record(provider="p", model="m", tokens_input=5)
        wait_until(lambda: recorder.stats()["counts"].get("duplicates") == 1, "a duplicate")
        recorder.record(provider="p", model="m", tokens_input=7)
        recorder.close()

        assert proxy.cuts == 1
        assert series_totals(client, "p")["tokens_input"] == 15
        assert recorder.stats()["observations"] == 3


@pytest.mark.parametrize("how", ["restart", "FLUSHALL"])
def test_redis_that_lost_all_is_restored(
    redis_server: RedisServer, open_recorder: Callable[..., Recorder], how: str
) -> None:
    """After a restart without data, or FLUSHALL, the recent batches come again; totals are those of the ledger."""
    recorder = open_recorder(redis_server.url, flush_interval=0.05)
    for _ in range(5):
        recorder.record(provider="p", model="m")
        assert recorder.flush()
    if how == "restart":
        redis_server.restart()
    else:
        with redis_server.client() as client:
            client.flushall()
    recorder.record(provider="p", model="m")
    recorder.close()

    with redis_server.client() as client:
        assert series_totals(client, "p")["total_requests"] == 6
    assert "unrecoverable" not in recorder.stats()["counts"]


@pytest.mark.parametrize("starts_thread", [True, False])
async def test_close_is_quick_when_redis_never_answers(silent_url: str, starts_thread: bool) -> None:
    """A black hole delays the end of an app by 2 s at most, and nothing is raised."""
    recorder = Recorder(silent_url, flush_interval=0.05)
    recorder._started = not starts_thread
    recorder.record(provider="p", model="m")
    began = unhindered_seconds()
    await recorder.aclose()

    assert unhindered_seconds() - began < 2.4
    assert _is_kept(recorder)


def test_a_close_that_cannot_wait_says_what_it_left(
    silent_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """A flush that is still under way has no failure to name, and the count tells what it may not have brought."""
    recorder = Recorder(silent_url, flush_interval=0.05)
    recorder.record(provider="p", model="m")
    recorder.close(timeout_seconds=0.01)

    assert [record.getMessage() for record in caplog.records] == [
        (
            "stopped; requests not known to be in Redis: 1 (no time was left); they are lost when this process "
            "ends; set spill_path to have the next one bring them"
        )
    ]


def test_what_is_recorded_behind_the_last_flush_is_not_missing(
    redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Another thread's record while the recorder closes has a flush of its own: nothing is lost, nothing is said."""
    recorder = Recorder(redis_url, flush_interval=60)
    recorder.record(provider="p", model="m")
    end = recorder._flusher.close

    def close_then_record(timeout_seconds: float) -> None:
        end(timeout_seconds)
        recorder.record(provider="p", model="m")

    recorder._flusher.close = close_then_record  # type: ignore[method-assign]  # a thread that comes in between
    recorder.close()
    recorder._flusher.close = end  # type: ignore[method-assign]
    recorder.close()

    assert caplog.records == []
    assert recorder.stats()["pending"] == 0
    assert recorder.stats()["flushed"] == 2


def test_recording_never_waits_for_redis(silent_url: str) -> None:
    """Calls return at once while the flush hangs."""
    recorder = Recorder(silent_url, flush_interval=0.05)
    recorder.ensure_started()
    longest = 0.0
    for _ in range(2_000):
        began = unhindered_seconds()
        recorder.record(provider="p", model="m", latency_ms=1)
        longest = max(longest, unhindered_seconds() - began)

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

    assert recorder.stats()["last_error"] == "authentication failed"
    assert recorder._flusher._pause_seconds() >= 30
    recorder.close()
    assert [record.getMessage() for record in caplog.records] == [
        "flush failed, counts are kept and sent later: authentication failed",
        (
            "stopped; requests not known to be in Redis: 1 (authentication failed); they are lost when this process "
            "ends; set spill_path to have the next one bring them"
        ),
    ]
    assert _is_kept(recorder)
