"""Redis going away costs no count, whatever it remembers when it comes back."""

import time
from collections.abc import Callable, Iterator

import pytest

from tests.support.ledger import Ledger, load_counters, load_request_count
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer
from tokenpulse import Recorder
from tokenpulse.writing import replay_ring

FLUSH_SECONDS = 0.05
NAMES = ("total_requests", "successful_requests", "failed_requests", "tokens_input", "latency_us")


@pytest.fixture
def recorder(redis_server: RedisServer) -> Iterator[Recorder]:
    """Give a recorder that flushes in the background to the server the test may kill."""
    recorder = Recorder(redis_server.url, flush_interval=FLUSH_SECONDS)
    yield recorder
    recorder.close()


def _record(recorder: Recorder, ledger: Ledger, times: int, provider: str = "acme") -> None:
    for number in range(times):
        model, success = f"chat-{number % 3}", number % 10 != 9
        recorder.record(
            provider=provider, model=model, latency_ms=200.0 + number, success=success, tokens_input=5
        )
        ledger.note(
            provider,
            model,
            successful_requests=int(success),
            failed_requests=int(not success),
            tokens_input=5,
            latency_us=(200 + number) * 1000,
        )


def _flushed(recorder: Recorder) -> Callable[[], bool]:
    """Return whether everything recorded is acknowledged."""
    return lambda: recorder.stats()["counts"].get("observations", 0) == recorder.stats()["observations"]


def _books(server: RedisServer) -> dict[tuple[str, str | None], dict[str, int]]:
    with server.client() as client:
        return load_counters(client, *NAMES)


def test_outage_with_kept_data_loses_nothing(redis_server: RedisServer, recorder: Recorder) -> None:
    """Counts from before, during, after an outage are all there, once."""
    ledger = Ledger()
    _record(recorder, ledger, 300)
    wait_until(_flushed(recorder), "the counts before the outage are in Redis")
    redis_server.kill()
    _record(recorder, ledger, 500)
    wait_until(lambda: recorder.stats()["connected"] is False, "the recorder notices")
    _record(recorder, ledger, 200)
    redis_server.restart(keep_data=True)
    _record(recorder, ledger, 100)
    wait_until(_flushed(recorder), "the counts are in Redis after the outage")

    assert _books(redis_server) == ledger.counters()
    assert "unrecoverable" not in recorder.stats()["counts"]


def test_outage_without_data_replays_what_is_remembered(
    redis_server: RedisServer, recorder: Recorder
) -> None:
    """A server that comes back empty gets the last minute's batches again."""
    ledger = Ledger()
    for _ in range(5):
        _record(recorder, ledger, 40)
        wait_until(_flushed(recorder), "a batch is in Redis")
    redis_server.restart()
    _record(recorder, ledger, 60)
    wait_until(_flushed(recorder), "the counts are in Redis after the outage")

    assert _books(redis_server) == ledger.counters()
    counts = recorder.stats()["counts"]
    assert counts["gaps"] >= 1
    assert counts["replayed"] >= 5
    assert "unrecoverable" not in counts


def test_provider_without_new_traffic_is_replayed_too(redis_server: RedisServer, recorder: Recorder) -> None:
    """What an emptied server lost of a provider that went quiet comes back with the others."""
    ledger = Ledger()
    _record(recorder, ledger, 30, "quiet")
    _record(recorder, ledger, 30, "busy")
    wait_until(_flushed(recorder), "the counts before the outage are in Redis")
    redis_server.restart()
    _record(recorder, ledger, 60, "busy")
    wait_until(_flushed(recorder), "the counts are in Redis after the outage")

    def is_complete() -> bool:
        with redis_server.client() as client:
            return load_request_count(client) == ledger.total()

    wait_until(is_complete, "the quiet provider's counts are back")
    assert _books(redis_server) == ledger.counters()


def test_what_cannot_be_replayed_is_counted(
    redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch, open_recorder: Callable[..., Recorder]
) -> None:
    """With no memory of old batches an emptied server's loss is counted to the request."""
    monkeypatch.setattr(replay_ring, "RING_BYTES", 0)
    recorder, ledger = open_recorder(redis_server.url, flush_interval=60), Ledger()
    for times in (40, 30, 20):
        _record(recorder, ledger, times)
        assert recorder.flush()
    redis_server.restart()
    _record(recorder, ledger, 10)

    assert recorder.flush()
    with redis_server.client() as client:
        kept = load_request_count(client)
    assert kept == 10
    counts = recorder.stats()["counts"]
    assert counts["unrecoverable"] == 3
    assert kept + counts["unrecoverable_observations"] == ledger.total()
    recorder.close()


def test_frozen_server_counts_once_what_it_was_sent_twice(
    redis_server: RedisServer, open_recorder: Callable[..., Recorder]
) -> None:
    """A server that applies a batch long after its reply was given up is not sent it a second time to count."""
    recorder, ledger = open_recorder(redis_server.url, flush_interval=60), Ledger()
    _record(recorder, ledger, 50)
    assert recorder.flush()
    redis_server.pause()
    _record(recorder, ledger, 80)
    assert not recorder.flush()
    redis_server.resume()
    assert recorder.flush()

    assert _books(redis_server) == ledger.counters()
    assert recorder.stats()["counts"]["duplicates"] >= 1


def test_server_down_at_the_start_costs_nothing(
    redis_server: RedisServer, open_recorder: Callable[..., Recorder]
) -> None:
    """Recording works before Redis does, without waiting for it."""
    redis_server.kill()
    recorder, ledger = open_recorder(redis_server.url, flush_interval=FLUSH_SECONDS), Ledger()
    begin = time.perf_counter()
    _record(recorder, ledger, 200)
    seconds = time.perf_counter() - begin
    wait_until(lambda: recorder.stats()["connected"] is False, "the recorder notices")
    redis_server.restart()
    wait_until(_flushed(recorder), "the counts are in Redis")
    recorder.close()

    assert seconds < 0.5
    assert _books(redis_server) == ledger.counters()
