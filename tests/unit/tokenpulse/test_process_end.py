"""Tests of flushing at the end of a process: hooks are called here, not by a dying process (see end to end)."""

import atexit
import multiprocessing.process
import multiprocessing.util
import os
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest

from tokenpulse.process_end import flush_at_process_end


class _Recorder:
    def __init__(self, events: list[str]) -> None:
        self._events = events

    def drain(self) -> None:
        self._events.append("drain")

    def close(self) -> None:
        self._events.append("close")


class _Process:
    """Collect what would be hooked into this process, and what would be done to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.exits: list[Callable[[], None]] = []
        self.events: list[str] = []
        monkeypatch.setattr(atexit, "register", self.exits.append)
        monkeypatch.setattr(os, "kill", lambda process, number: self.events.append(f"kill {number:d}"))
        monkeypatch.setattr(signal, "pthread_kill", self._raise_again)

    def _raise_again(self, thread: int, number: int) -> None:
        assert thread == threading.main_thread().ident
        self.events.append(f"raise {number:d}")

    def end(self) -> None:
        """Call the handler, as the interpreter does between two steps of the main thread."""
        handler = signal.getsignal(signal.SIGTERM)
        assert callable(handler)
        handler(signal.SIGTERM, None)

    def wait_for_flush(self) -> None:
        """Return once the flush that a handler started is over."""
        for thread in threading.enumerate():
            if thread.name == "tokenpulse-end":
                thread.join()


@pytest.fixture
def process(monkeypatch: pytest.MonkeyPatch) -> Iterator[_Process]:
    held = signal.getsignal(signal.SIGTERM)
    yield _Process(monkeypatch)
    signal.signal(signal.SIGTERM, held)


def test_exit_closes_a_living_recorder(process: _Process) -> None:
    """At exit what waits is flushed; a recorder that is gone is not held."""
    recorder: Any = _Recorder(process.events)
    flush_at_process_end(recorder)
    process.exits[0]()
    assert process.events == ["close"]

    recorder = None
    process.exits[0]()
    assert process.events == ["close"]


@pytest.mark.parametrize("is_child", [False, True])
def test_child_of_multiprocessing_closes_with_its_finalizers(
    process: _Process, monkeypatch: pytest.MonkeyPatch, is_child: bool
) -> None:
    """Such a child ends without `atexit`; the process that started it is not closed twice."""
    finalizers: list[Callable[[], None]] = []
    monkeypatch.setattr(
        multiprocessing.process,
        "parent_process",
        lambda: multiprocessing.current_process() if is_child else None,
    )
    monkeypatch.setattr(
        multiprocessing.util, "Finalize", lambda _, close, exitpriority: finalizers.append(close)
    )
    recorder = _Recorder(process.events)
    flush_at_process_end(recorder)
    for close in finalizers:
        close()

    assert process.events == ["close"] * is_child


def test_a_handler_in_place_is_called_as_if_alone(process: _Process) -> None:
    """A server's own handler gets the signal; from then on the recorder drains, the server ends the process."""
    seen: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGTERM, lambda number, frame: seen.append((number, frame)))
    recorder: Any = _Recorder(process.events)
    flush_at_process_end(recorder)
    process.end()
    recorder = None
    process.end()

    assert seen == [(signal.SIGTERM, None), (signal.SIGTERM, None)]
    assert process.events == ["drain"]


def test_without_a_handler_the_process_is_flushed_then_ended(process: _Process) -> None:
    """By default SIGTERM kills: so it does, after a flush, which raises the signal again."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    recorder: Any = _Recorder(process.events)
    flush_at_process_end(recorder)
    process.end()
    process.wait_for_flush()
    assert process.events == ["close", f"raise {signal.SIGTERM:d}"]
    assert signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL

    process.end()
    assert process.events == ["close", f"raise {signal.SIGTERM:d}", f"kill {signal.SIGTERM:d}"]
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_signal_in_the_middle_of_recording_loses_nothing(process: _Process) -> None:
    """The interrupted code holds a lock that the flush needs: it goes on, then the flush does; once."""
    held_by_recording = threading.Lock()

    class _Locked(_Recorder):
        def close(self) -> None:
            with held_by_recording:
                super().close()

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    recorder = _Locked(process.events)
    flush_at_process_end(recorder)
    with held_by_recording:
        process.end()
        process.end()  # a second signal while the first one's flush waits
        assert process.events == []
    process.wait_for_flush()

    assert process.events == ["close", f"raise {signal.SIGTERM:d}"]


def test_without_threads_left_the_flush_is_the_handlers_own(
    process: _Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thread that cannot start costs no count."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    recorder = _Recorder(process.events)
    flush_at_process_end(recorder)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    process.end()

    assert process.events == ["close", f"raise {signal.SIGTERM:d}"]


def test_without_handler_or_recorder_the_process_is_ended(process: _Process) -> None:
    """A recorder that is gone changes nothing of the default."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    recorder: Any = _Recorder(process.events)
    flush_at_process_end(recorder)
    recorder = None
    process.end()

    assert process.events == [f"kill {signal.SIGTERM:d}"]


def test_an_ignored_signal_stays_ignored(process: _Process) -> None:
    """An app that ignores SIGTERM goes on ignoring it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    flush_at_process_end(_Recorder(process.events))

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_other_threads_leave_signals_alone(process: _Process) -> None:
    """Handlers can be set in the main thread only: elsewhere there is the exit alone."""
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=flush_at_process_end, args=(_Recorder(process.events),))
    thread.start()
    thread.join()

    assert signal.getsignal(signal.SIGTERM) is before
    assert len(process.exits) == 1
