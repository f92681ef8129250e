"""Tests of the thread that carries deltas on: pauses, log, start and end; what it carries is tested elsewhere."""

import threading
from collections.abc import Iterator

import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.processes import wait_until
from tokenpulse.flushing import flush
from tokenpulse.flushing.flush import (
    DRAIN_INTERVAL_SECONDS,
    MAX_BACKOFF_SECONDS,
    REFUSED_BACKOFF_SECONDS,
    Flusher,
)
from tokenpulse.guard import Guard

_INTERVAL = 0.1


class _ScriptedPipeline:
    """Answer each flush with the next outcome: an exception, or whether nothing waits; True when they run out."""

    def __init__(self, *outcomes: Exception | bool) -> None:
        self.lock = threading.Lock()
        self.outcomes = list(outcomes)
        self.flushes = 0
        self.withdrawals = 0
        self.was_cut_short = False
        self.times_set_aside = 0
        self.is_waiting = False
        self.lacking: list[str] | redis.RedisError = []
        self.questions = 0

    def flush(self) -> bool:
        assert self.lock.locked()
        self.flushes += 1
        outcome = self.outcomes.pop(0) if self.outcomes else True
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    def set_aside(self) -> None:
        assert self.lock.locked()
        self.times_set_aside += 1

    def lacking_rights(self) -> list[str]:
        assert self.lock.locked()
        self.questions += 1
        if isinstance(self.lacking, redis.RedisError):
            raise self.lacking
        return self.lacking

    def has_waiting(self) -> bool:
        return self.is_waiting

    def withdraw(self) -> None:
        self.withdrawals += 1
        raise redis.ConnectionError("gone")


class _Bench:
    def __init__(self, *outcomes: Exception | bool, interval: float = _INTERVAL) -> None:
        self.pipeline = _ScriptedPipeline(*outcomes)
        self.clock = FakeClock()
        self.guard = Guard(self.clock)
        self.flusher = Flusher(self.pipeline, self.guard, self.clock, interval)


@pytest.fixture
def running() -> Iterator[list[Flusher]]:
    """Close the flushers put in here."""
    flushers: list[Flusher] = []
    yield flushers
    for flusher in flushers:
        flusher.close()


def test_state_follows_the_attempts() -> None:
    """Unknown before the first attempt, then what the last one met."""
    bench = _Bench(True, redis.ConnectionError("x"), False)
    states = [bench.flusher.is_connected]
    answers = []
    for _ in range(3):
        answers.append(bench.flusher.flush())
        states.append(bench.flusher.is_connected)

    assert states == [None, True, False, True]
    assert answers == [True, False, False]
    assert bench.flusher.last_flush_at == bench.clock.time()
    assert bench.guard.counts() == {"failed_flushes": 1, "failure:connection_lost": 1}


def test_staleness_counts_from_the_last_good_flush() -> None:
    """Unknown before the first; a failure does not make what Redis holds any fresher."""
    bench = _Bench(redis.ConnectionError("x"), True, redis.ConnectionError("x"))
    bench.flusher.flush()
    before = bench.flusher.staleness_seconds
    bench.flusher.flush()
    bench.clock.advance(7.0)
    bench.flusher.flush()

    assert before is None
    assert bench.flusher.staleness_seconds == 7.0


def test_one_line_per_change_of_state(caplog: pytest.LogCaptureFixture) -> None:
    """Each cause of an outage is logged once, however long it lasts or they alternate, then its end."""
    down = [ConnectionRefusedError("secret"), redis.TimeoutError("secret")]
    bench = _Bench(True, *down, *down, *down, True, True, redis.TimeoutError("secret"), True)
    for _ in range(11):
        bench.flusher.flush()

    assert [record.getMessage() for record in caplog.records] == [
        "flush failed, counts are kept and sent later: connection refused",
        "flush failed, counts are kept and sent later: timed out",
        "flush works again after: timed out",
        "flush failed, counts are kept and sent later: timed out",
        "flush works again after: timed out",
    ]


@pytest.mark.parametrize(
    ("lacking", "text"),
    [
        (["hset", "expire"], "not permitted: hset, expire"),
        ([], "not permitted: zadd"),
        (redis.ConnectionError("gone"), "not permitted: zadd"),
    ],
)
def test_every_missing_right_is_named(lacking: list[str] | redis.RedisError, text: str) -> None:
    """Redis names one command at most; the rest is asked for, and without an answer its one stays."""
    bench = _Bench(redis.exceptions.NoPermissionError("no permissions to run the 'zadd' command"))
    bench.pipeline.lacking = lacking
    bench.flusher.flush()

    assert bench.flusher.last_error == text
    assert bench.flusher.lacking_rights == (lacking if isinstance(lacking, list) else None)
    assert bench.guard.counts() == {"failed_flushes": 1, "failure:not_permitted": 1}


def test_rights_that_are_seldom_needed_are_missed_early(caplog: pytest.LogCaptureFixture) -> None:
    """They are asked for after the first good flush, said once, and asked for again after a refusal."""
    refusal = redis.exceptions.NoPermissionError("no permissions to run the 'zadd' command")
    bench = _Bench(True, True, refusal, True)
    bench.pipeline.lacking = ["del"]
    for _ in range(4):
        bench.flusher.flush()

    assert bench.pipeline.questions == 3
    assert [record.getMessage() for record in caplog.records] == [
        "the Redis user lacks rights, some counts may wait: del",
        "flush failed, counts are kept and sent later: not permitted: del",
        "the Redis user lacks rights, some counts may wait: del",
        "flush works again after: not permitted: del",
    ]


def test_rights_that_cannot_be_asked_for_are_not_known() -> None:
    """A question that fails fails no flush, and is not put again at every flush."""
    bench = _Bench(True, True)
    bench.pipeline.lacking = redis.ConnectionError("gone")

    assert [bench.flusher.flush(), bench.flusher.flush()] == [True, True]
    assert (bench.pipeline.questions, bench.flusher.lacking_rights) == (1, None)


def test_an_internal_error_is_counted_and_tried_again() -> None:
    """A fault of tokenpulse itself neither ends the thread nor passes unnoticed."""
    bench = _Bench(ValueError("x"), True)

    assert not bench.flusher.flush()
    assert bench.flusher.last_error == "internal error: ValueError"
    assert bench.guard.counts() == {"failed_flushes": 1, "failure:internal": 1, "error:flush": 1}
    assert bench.flusher.flush()
    assert bench.flusher.last_error is None


def test_pauses_back_off_with_jitter_to_a_bound() -> None:
    """The pause is drawn from a range that doubles with each failure up to the longest one, and falls back after."""
    errors = [redis.ConnectionError("x")] * 20
    bench = _Bench(*errors)
    assert bench.flusher._pause_seconds() == _INTERVAL

    for failures in range(1, 21):
        bench.flusher.flush()
        longest = min(MAX_BACKOFF_SECONDS, _INTERVAL * 2.0**failures)
        pauses = [bench.flusher._pause_seconds() for _ in range(200)]
        assert all(DRAIN_INTERVAL_SECONDS <= pause <= longest for pause in pauses)
        assert max(pauses) > 0.8 * longest
        assert min(pauses) < 0.3 * longest
    bench.flusher.flush()

    assert bench.flusher._pause_seconds() == _INTERVAL


@pytest.mark.parametrize(
    "refusal", [redis.AuthenticationError("WRONGPASS"), redis.exceptions.NoPermissionError("NOPERM")]
)
def test_a_refused_login_is_not_hammered(refusal: Exception, caplog: pytest.LogCaptureFixture) -> None:
    """After a refused login the pause is at least half a minute, said once; a later outage backs off as usual."""
    bench = _Bench(refusal, refusal, redis.ConnectionError("x"))
    for _ in range(2):
        bench.flusher.flush()
        pauses = [bench.flusher._pause_seconds() for _ in range(100)]
        assert all(REFUSED_BACKOFF_SECONDS <= pause < 2 * REFUSED_BACKOFF_SECONDS for pause in pauses)
    assert len(caplog.records) == 1

    bench.flusher.flush()

    assert bench.flusher._pause_seconds() <= 2 * _INTERVAL


def test_what_comes_in_a_long_pause_is_set_aside() -> None:
    """While Redis is away it is held packed, every interval, before each attempt too; in good times never."""
    bench = _Bench(True, redis.ConnectionError("x"), redis.ConnectionError("x"), interval=0.01)
    counts = []
    for _ in range(3):
        bench.flusher.flush()
        counts.append(bench.pipeline.times_set_aside)
        bench.flusher._rest(0.035)
        counts.append(bench.pipeline.times_set_aside)

    assert counts == [0, 0, 0, 3, 4, 7]


def test_a_pause_goes_on_when_setting_aside_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of tokenpulse itself is counted, and tried again at the next interval."""

    def fail() -> None:
        raise ValueError("x")

    bench = _Bench(redis.ConnectionError("x"), interval=0.01)
    bench.flusher.flush()
    monkeypatch.setattr(bench.pipeline, "set_aside", fail)
    bench.flusher._rest(0.025)

    assert bench.guard.counts()["error:set_aside"] == 2


def test_a_flush_that_does_not_end_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever holds the pipeline keeps it: the second one gives up after its time, with nothing counted."""
    monkeypatch.setattr(flush, "CLOSE_SECONDS", 0.01)
    bench = _Bench()
    with bench.pipeline.lock:
        assert bench.flusher.flush() is False

    assert bench.pipeline.flushes == 0
    assert bench.flusher.is_connected is None
    assert bench.guard.counts() == {}
    assert bench.flusher.flush() is True


def test_the_thread_flushes_again_and_again(running: list[Flusher]) -> None:
    """Started once, however often asked, it flushes at its interval until it is closed."""
    bench = _Bench(interval=0.05)
    running.append(bench.flusher)
    bench.flusher.start()
    bench.flusher.start()
    wait_until(lambda: bench.pipeline.flushes >= 3, "three flushes")

    assert bench.flusher.is_running
    assert [thread.name for thread in threading.enumerate()].count("tokenpulse-flush") == 1


def test_close_flushes_what_waits_then_withdraws() -> None:
    """The end of the thread is a last flush, a second one for what waited behind a batch in flight."""
    bench = _Bench(False, True, interval=60)
    bench.flusher.start()
    bench.flusher.close()

    assert (bench.pipeline.flushes, bench.pipeline.withdrawals) == (2, 1)
    assert not bench.flusher.is_running
    assert "tokenpulse-flush" not in [thread.name for thread in threading.enumerate()]


def test_close_asks_a_dead_redis_once() -> None:
    """A last flush that fails is neither repeated nor followed by a withdrawal: an end must be quick."""
    bench = _Bench(redis.TimeoutError("x"), interval=60)
    bench.flusher.start()
    bench.flusher.close()

    assert (bench.pipeline.flushes, bench.pipeline.withdrawals) == (1, 0)


def test_close_without_a_thread_flushes_only_what_waits() -> None:
    """A recorder that never started its thread still loses nothing, and one without data asks nothing."""
    bench = _Bench()
    bench.flusher.close()
    assert bench.pipeline.flushes == 0

    bench.pipeline.is_waiting = True
    bench.flusher.close()
    assert bench.pipeline.flushes == 1


def test_it_can_be_started_again(running: list[Flusher]) -> None:
    """After a close a start brings a new thread."""
    bench = _Bench(interval=0.05)
    running.append(bench.flusher)
    bench.flusher.start()
    bench.flusher.close()
    flushes = bench.pipeline.flushes
    bench.flusher.start()
    wait_until(lambda: bench.pipeline.flushes > flushes + 1, "flushes of the new thread")

    assert bench.flusher.is_running


def test_an_old_thread_ends_when_a_new_one_was_started(running: list[Flusher]) -> None:
    """A thread that was stuck in Redis when it was closed does not go on beside its successor."""
    bench = _Bench(interval=0.05)
    running.append(bench.flusher)
    bench.pipeline.lock.acquire()
    bench.flusher.start()
    bench.flusher.close(timeout_seconds=0.01)
    bench.flusher.start()
    bench.pipeline.lock.release()
    names = [thread.name for thread in threading.enumerate()]
    assert names.count("tokenpulse-flush") == 2
    wait_until(
        lambda: [thread.name for thread in threading.enumerate()].count("tokenpulse-flush") == 1, "one thread"
    )


def test_drain_flushes_at_once(running: list[Flusher]) -> None:
    """From the moment the process is told to end, flushes follow each other closely."""
    bench = _Bench(interval=60)
    running.append(bench.flusher)
    bench.flusher.start()
    bench.flusher.drain()
    wait_until(lambda: bench.pipeline.flushes >= 3, "three flushes")

    assert bench.flusher._pause_seconds() == DRAIN_INTERVAL_SECONDS


def test_a_thread_that_cannot_start_is_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without threads left recording goes on; closing flushes in the caller's thread."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    bench = _Bench()
    bench.pipeline.is_waiting = True
    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        bench.flusher.start()

    assert bench.guard.counts() == {"error:flush_thread": 1}
    bench.flusher.close()
    assert bench.pipeline.flushes == 1
