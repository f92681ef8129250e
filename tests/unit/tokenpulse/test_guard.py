"""Tests of the counters and the log of tokenpulse's own faults."""

import logging

import pytest

from tests.support.clock import FakeClock
from tokenpulse.guard import LOG_INTERVAL_SECONDS, MAX_CAUSES, Guard


def _raised(message: str) -> ValueError:
    try:
        raise ValueError(message)
    except ValueError as error:
        return error


def test_counts_add_up_by_name() -> None:
    """Counters, faults and errors share one table of names."""
    guard = Guard(FakeClock())
    guard.count("flushes")
    guard.count("flushes", 4)
    guard.fault("usage_rejected")
    guard.error("observe", ValueError("x"))

    assert guard.counts() == {"flushes": 5, "fault:usage_rejected": 1, "error:observe": 1}


def test_a_warning_is_said_every_time(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same text twice is two lines; a log handler that raises does no harm."""

    def refuse(self: logging.Handler, record: logging.LogRecord) -> None:
        raise OSError("disk full")

    guard = Guard(FakeClock())
    guard.warn("100 % gone")
    guard.warn("100 % gone")
    monkeypatch.setattr(type(caplog.handler), "emit", refuse)
    guard.warn("unheard")

    assert [record.getMessage() for record in caplog.records] == ["100 % gone", "100 % gone"]


def test_drain_returns_each_increment_once() -> None:
    """What was drained is not drained again; counts stay whole."""
    guard = Guard(FakeClock())
    guard.count("flushes", 2)
    guard.count("gaps")

    assert guard.drain() == {"flushes": 2, "gaps": 1}
    assert guard.drain() == {}

    guard.count("flushes", 3)

    assert guard.drain() == {"flushes": 3}
    assert guard.counts() == {"flushes": 5, "gaps": 1}


def test_what_is_measured_is_for_readers_alone() -> None:
    """It is drained with the rest, and not among the counts."""
    guard = Guard(FakeClock())
    guard.count("flushes", 2)
    guard.measure("query_us:batches", 700)
    guard.measure("query_us:batches", 50)

    assert guard.counts() == {"flushes": 2}
    assert guard.drain() == {"flushes": 2, "query_us:batches": 750}
    assert guard.drain() == {}


def test_names_past_the_bound_count_as_other() -> None:
    """However many causes there are, the table keeps `MAX_CAUSES` and one for the rest."""
    guard = Guard(FakeClock())
    for number in range(MAX_CAUSES + 10):
        guard.fault(f"cause{number}")
    guard.fault("cause0")

    counts = guard.counts()

    assert len(counts) == MAX_CAUSES + 1
    assert counts["fault:cause0"] == 2
    assert counts["fault:other"] == 10


def test_error_is_raised_under_test_only() -> None:
    """With `raises` the very exception comes out, counted all the same."""
    guard = Guard(FakeClock(), raises=True)
    error = ValueError("x")

    with pytest.raises(ValueError) as caught:
        guard.error("observe", error)

    assert caught.value is error
    assert guard.counts() == {"error:observe": 1}


def test_error_log_withholds_the_text(caplog: pytest.LogCaptureFixture) -> None:
    """The log has the place, the class and the traceback, never the exception's text."""
    Guard(FakeClock()).error("observe", _raised("a secret prompt"))

    assert "internal error in observe: ValueError" in caplog.text
    assert "in _raised" in caplog.text
    assert "secret" not in caplog.text


def test_a_cause_is_logged_once_per_interval(caplog: pytest.LogCaptureFixture) -> None:
    """The second time is silent until the interval is over; another event is not held back."""
    clock = FakeClock()
    guard = Guard(clock)
    guard.say("event", "first")
    guard.say("event", "second")
    guard.say("another", "third")
    clock.advance(LOG_INTERVAL_SECONDS - 0.5)
    guard.say("event", "fourth")
    clock.advance(0.5)
    guard.say("event", "fifth")
    guard.error("event", ValueError("x"))

    assert [record.getMessage() for record in caplog.records] == [
        "event: first",
        "another: third",
        "event: fifth",
    ]
    assert {record.levelno for record in caplog.records} == {logging.WARNING}


def test_events_past_the_bound_share_one_line_per_interval(caplog: pytest.LogCaptureFixture) -> None:
    """A flood of distinct events cannot flood the log."""
    guard = Guard(FakeClock())
    for number in range(MAX_CAUSES + 50):
        guard.say(f"event{number}", "x")

    assert len(caplog.records) == MAX_CAUSES + 1


def test_an_interpreter_that_shuts_down_is_no_fault(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What fails because modules are going away is counted, and not said."""
    guard = Guard(FakeClock())
    monkeypatch.setattr("sys.is_finalizing", lambda: True)
    guard.error("record", ImportError("sys.meta_path is None"))

    assert guard.counts() == {"error:record": 1}
    assert caplog.records == []
