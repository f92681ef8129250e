"""Threads, event loops of any kind, processes short of everything: measuring neither loses nor disturbs."""

import asyncio
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import orjson
import pytest
import redis
import trio

from tests.support.asgi import Server, http_scope, request
from tests.support.chat_app import bare
from tests.support.ledger import load_counters, load_http_requests, load_request_count
from tests.support.processes import RunningProcess, wait_until
from tokenpulse import Recorder, TokenPulseMiddleware
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.records import Observation

THREADS: Final = 32
PER_THREAD: Final = 400
SCENARIOS: Final = "tests.support.recording_process"
Open = Callable[..., Recorder]


async def _ask(app: Any, model: str) -> Server:
    server = Server([request(orjson.dumps({"model": model}))])
    await app(http_scope(), server.receive, server.send)
    return server


@pytest.mark.parametrize("spills", [False, True])
def test_threads_count_exactly(
    redis_url: str, redis_client: redis.Redis, open_recorder: Open, tmp_path: Path, spills: bool
) -> None:
    """32 threads record at once while flushes go on: every sum is that of what they recorded."""
    recorder = open_recorder(redis_url, flush_interval=0.05, spill_path=tmp_path if spills else None)
    barrier = threading.Barrier(THREADS)

    def hammer(thread: int) -> None:
        barrier.wait()
        for number in range(PER_THREAD):
            recorder.record(provider=f"p{number % 3}", model="m", tokens_input=thread, latency_ms=1.0)
            recorder.count_http(HttpExchange("GET", "/a", 200, 0.01, 1, 1, None))

    threads = [threading.Thread(target=hammer, args=(thread,)) for thread in range(THREADS)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    recorder.close()
    sums = load_counters(redis_client, "total_requests", "tokens_input")
    tokens = sum(book["tokens_input"] for (_, model), book in sums.items() if model is None)

    assert load_request_count(redis_client) == THREADS * PER_THREAD
    assert tokens == PER_THREAD * sum(range(THREADS))
    assert load_http_requests(redis_client) == {("GET", "/a", 200): THREADS * PER_THREAD}
    assert list(tmp_path.iterdir()) == []


def test_several_event_loops_share_an_app(
    redis_url: str, redis_client: redis.Redis, open_recorder: Open
) -> None:
    """Three loops in threads of their own, one of which ends before the others begin, ask the same wrapped app."""
    recorder = open_recorder(redis_url, flush_interval=0.05)
    app = TokenPulseMiddleware(bare, recorder=recorder)

    async def ask_often() -> None:
        await asyncio.gather(*(_ask(app, "acme/m") for _ in range(50)))

    asyncio.run(ask_often())
    threads = [threading.Thread(target=asyncio.run, args=(ask_often(),)) for _ in range(2)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    asyncio.run(recorder.aclose())

    assert load_request_count(redis_client) == 150
    assert "Event loop is closed" not in str(recorder.stats())


def test_asyncio_debug_mode_has_nothing_to_say(
    redis_url: str, redis_client: redis.Redis, open_recorder: Open, caplog: pytest.LogCaptureFixture
) -> None:
    """No slow callback, no call from another thread, nothing never awaited."""
    recorder = open_recorder(redis_url, flush_interval=0.05)
    app = TokenPulseMiddleware(bare, recorder=recorder)

    async def run() -> None:
        for _ in range(20):
            await _ask(app, "acme/m")
        await recorder.aclose()

    asyncio.run(run(), debug=True)

    assert load_request_count(redis_client) == 20
    assert [record.message for record in caplog.records if record.name in ("asyncio", "tokenpulse")] == []


def test_trio_is_measured_as_asyncio_is(
    redis_url: str, redis_client: redis.Redis, open_recorder: Open
) -> None:
    """Measuring needs no event loop; a request that trio cancels is `cancelled`; the end flushes."""
    seen: list[Observation] = []
    recorder = open_recorder(redis_url, flush_interval=60)
    app = TokenPulseMiddleware(bare, recorder=recorder, on_observation=seen.append)

    async def never_answer(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await trio.sleep_forever()

    patient = TokenPulseMiddleware(never_answer, recorder=recorder, on_observation=seen.append)

    async def run() -> None:
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(_ask, app, "acme/m")
        with trio.move_on_after(0.05):
            await _ask(patient, "acme/m")
        await recorder.start()
        await recorder.aclose()

    trio.run(run)

    assert [each.outcome for each in seen] == ["success"] * 20 + ["cancelled"]
    assert load_counters(redis_client, "total_requests", "tokens_output", "outcome:cancelled") == {
        ("acme", None): {"total_requests": 21, "tokens_output": 100, "outcome:cancelled": 1},
        ("acme", "acme/m"): {"total_requests": 21, "tokens_output": 100, "outcome:cancelled": 1},
    }


def test_a_blocked_event_loop_delays_no_flush(
    redis_url: str, redis_client: redis.Redis, open_recorder: Open
) -> None:
    """An app that holds its loop for 2 s: what was recorded is in Redis meanwhile, no burst of flushes after it."""
    recorder = open_recorder(redis_url, flush_interval=0.2)
    app = TokenPulseMiddleware(bare, recorder=recorder)
    arrived: list[int] = []

    async def run() -> None:
        await _ask(app, "acme/m")
        time.sleep(2.0)  # the app's fault
        arrived.append(load_request_count(redis_client))
        for _ in range(20):
            await _ask(app, "acme/m")

    began = time.monotonic()
    asyncio.run(run())
    recorder.close()
    seconds = time.monotonic() - began

    assert arrived == [1]
    assert load_request_count(redis_client) == 21
    assert recorder.stats()["counts"]["flushes"] <= seconds / 0.2 + 3


def test_interpreter_shutdown_says_nothing(redis_url: str, redis_client: redis.Redis) -> None:
    """Recording goes on in exit hooks, threads and finalizers to the last moment: no traceback, no hanging."""
    environment = {"REDIS_URL": redis_url, "TOKENPULSE_FLUSH_INTERVAL": "60"}
    with RunningProcess(SCENARIOS, "record_while_shutting_down", environment=environment) as process:
        assert process.wait() == 0

    assert process.output == "recorded 30\n"
    assert load_request_count(redis_client) >= 30


def test_a_process_without_descriptors_counts_on(redis_url: str, redis_client: redis.Redis) -> None:
    """No descriptor is left for a connection: counts wait, and are sent once there is one."""
    environment = {"REDIS_URL": redis_url, "TOKENPULSE_FLUSH_INTERVAL": "0.05"}
    with RunningProcess(SCENARIOS, "record_without_descriptors", environment=environment) as process:
        process.wait_for_line("could not flush, 40 are kept")
        process.wait_for_line("flushed")
        assert process.wait() == 0

    assert load_request_count(redis_client) == 40


def test_a_spill_directory_that_cannot_be_made_stops_the_start(redis_url: str, tmp_path: Path) -> None:
    """A file in its place, a file system that takes no files: the setting is named before anything runs."""
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", Path("/proc/tokenpulse")):
        with pytest.raises(SettingsError, match="spill_path"):
            Recorder(redis_url, spill_path=path)


def test_many_recorders_come_and_go(redis_url: str, redis_client: redis.Redis) -> None:
    """A hundred recorders, one after the other: no thread, no hook, no descriptor of theirs stays."""

    def descriptors() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def use_one() -> None:
        recorder = Recorder(redis_url, flush_interval=60)
        recorder.record(provider="acme", model="m")
        recorder.close()

    use_one()
    before = descriptors(), threading.active_count()
    for _ in range(99):
        use_one()
    wait_until(lambda: threading.active_count() <= before[1], "their threads have ended")

    assert descriptors() <= before[0]
    assert load_request_count(redis_client) == 100
