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

from tokenpulse.processes import process_end
from tokenpulse.processes.process_end import ProcessEnd, flush_at_process_end, forget_at_process_end


class _Recorder:
    def __init__(self, events: list[str]) -> None:
        self._events = events
        self.timeouts: list[float] = []

    def drain(self) -> None:
        self._events.append("drain")

    def close(self, timeout_seconds: float) -> None:
        self._events.append("close")
        self.timeouts.append(timeout_seconds)


class _Process:
    """Collect what would be hooked into this process, and what would be done to it."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.hooks = ProcessEnd()
        self.exits: list[Callable[[], None]] = []
        self.events: list[str] = []
        monkeypatch.setattr(atexit, "register", self.exits.append)
        monkeypatch.setattr(atexit, "unregister", self._unregister)
        monkeypatch.setattr(os, "kill", lambda process, number: self.events.append(f"kill {number:d}"))
        monkeypatch.setattr(signal, "pthread_kill", self._raise_again)

    def _unregister(self, hook: Callable[[], None]) -> None:
        self.exits[:] = [held for held in self.exits if held != hook]

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
    process.hooks.add(recorder)
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
    process.hooks.add(recorder)
    for close in finalizers:
        close()

    assert process.events == ["close"] * is_child


def test_a_handler_in_place_is_called_as_if_alone(process: _Process) -> None:
    """A server's own handler gets the signal; from then on the recorder drains, the server ends the process."""
    seen: list[tuple[int, FrameType | None]] = []
    signal.signal(signal.SIGTERM, lambda number, frame: seen.append((number, frame)))
    recorder: Any = _Recorder(process.events)
    process.hooks.add(recorder)
    process.end()
    recorder = None
    process.end()

    assert seen == [(signal.SIGTERM, None), (signal.SIGTERM, None)]
    assert process.events == ["drain"]


def test_without_a_handler_the_process_is_flushed_then_ended(process: _Process) -> None:
    """By default SIGTERM kills: so it does, after a flush, which raises the signal again."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    recorder: Any = _Recorder(process.events)
    process.hooks.add(recorder)
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
        def close(self, timeout_seconds: float) -> None:
            with held_by_recording:
                super().close(timeout_seconds)

    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    recorder = _Locked(process.events)
    process.hooks.add(recorder)
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
    process.hooks.add(recorder)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    process.end()

    assert process.events == ["close", f"raise {signal.SIGTERM:d}"]


def test_without_handler_or_recorder_the_process_is_ended(process: _Process) -> None:
    """A recorder that is gone changes nothing of the default."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    recorder: Any = _Recorder(process.events)
    process.hooks.add(recorder)
    recorder = None
    process.end()

    assert process.events == [f"kill {signal.SIGTERM:d}"]


def test_an_ignored_signal_stays_ignored(process: _Process) -> None:
    """An app that ignores SIGTERM goes on ignoring it."""
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    process.hooks.add(_Recorder(process.events))

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_IGN


def test_other_threads_leave_signals_alone(process: _Process) -> None:
    """Handlers can be set in the main thread only: elsewhere there is the exit alone."""
    before = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=process.hooks.add, args=(_Recorder(process.events),))
    thread.start()
    thread.join()

    assert signal.getsignal(signal.SIGTERM) is before
    assert len(process.exits) == 1


def test_many_recorders_share_one_hook_of_each_kind(process: _Process) -> None:
    """A hundred recorders chain one handler; all of them drain, and all are closed at exit."""
    calls: list[int] = []
    signal.signal(signal.SIGTERM, lambda number, frame: calls.append(number))
    recorders = [_Recorder(process.events) for _ in range(100)]
    for recorder in recorders * 2:
        process.hooks.add(recorder)
    process.end()
    process.exits[0]()

    assert len(process.exits) == 1
    assert calls == [signal.SIGTERM]
    assert process.events == ["drain"] * 200 + ["close"] * 100


def test_several_recorders_share_the_time_there_is(process: _Process) -> None:
    """They flush side by side; the first one that does not end takes the others' wait, not their flush."""
    recorders = [_Recorder(process.events) for _ in range(3)]
    for recorder in recorders:
        process.hooks.add(recorder)
    process.exits[0]()
    waits = [seconds for recorder in recorders for seconds in recorder.timeouts]

    assert process.events == ["drain"] * 3 + ["close"] * 3
    assert waits == sorted(waits, reverse=True)
    assert 0.0 <= waits[2] <= waits[0] <= 2.0


def test_the_last_recorder_takes_the_hooks_away(process: _Process) -> None:
    """Handler and exit hook are as they were once every recorder is closed; recording again hooks them again."""
    held = signal.getsignal(signal.SIGTERM)
    first, second = _Recorder(process.events), _Recorder(process.events)
    for recorder in (first, second):
        process.hooks.add(recorder)
    process.hooks.discard(first)
    ours = signal.getsignal(signal.SIGTERM)

    assert ours is not held
    assert len(process.exits) == 1

    process.hooks.discard(second)
    process.hooks.discard(second)

    assert signal.getsignal(signal.SIGTERM) is held
    assert process.exits == []

    process.hooks.add(first)

    assert signal.getsignal(signal.SIGTERM) not in (held, ours)
    assert len(process.exits) == 1


def test_a_handler_chained_over_ours_stays(process: _Process) -> None:
    """Somebody else's handler is not replaced by the one that was there before ours."""
    recorder = _Recorder(process.events)
    process.hooks.add(recorder)
    ours = signal.getsignal(signal.SIGTERM)
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    theirs = signal.getsignal(signal.SIGTERM)
    process.hooks.discard(recorder)

    assert theirs is not ours
    assert signal.getsignal(signal.SIGTERM) is theirs


def test_a_recorder_closed_in_another_thread_leaves_a_harmless_handler(process: _Process) -> None:
    """Only the main thread can restore a handler: until then ours ends the process as the default does."""
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    recorder = _Recorder(process.events)
    process.hooks.add(recorder)
    ours = signal.getsignal(signal.SIGTERM)
    thread = threading.Thread(target=process.hooks.discard, args=(recorder,))
    thread.start()
    thread.join()
    process.hooks.add(recorder)

    assert signal.getsignal(signal.SIGTERM) is ours

    process.hooks.discard(recorder)

    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


def test_a_forked_child_hooks_its_own_end(process: _Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """The inherited hook is replaced, not doubled; the finalizer of a worker goes with its last recorder."""
    cancelled: list[str] = []

    class _Finalizer:
        def __init__(self, _: None, close: Callable[[], None], exitpriority: int) -> None:
            del close, exitpriority

        def cancel(self) -> None:
            cancelled.append("cancelled")

    recorder = _Recorder(process.events)
    process.hooks.add(recorder)
    monkeypatch.setattr(os, "getpid", lambda: 1)
    monkeypatch.setattr(multiprocessing.process, "parent_process", multiprocessing.current_process)
    monkeypatch.setattr(multiprocessing.util, "Finalize", _Finalizer)
    process.hooks.add(recorder)

    assert len(process.exits) == 1

    process.hooks.discard(recorder)

    assert cancelled == ["cancelled"]
    assert process.exits == []


def test_the_process_has_one_place_for_its_end(process: _Process, monkeypatch: pytest.MonkeyPatch) -> None:
    """What recorders call hooks this very process, and unhooks it."""
    monkeypatch.setattr(process_end, "_PROCESS_END", process.hooks)  # the real one may have others' recorders
    held = signal.getsignal(signal.SIGTERM)
    recorder = _Recorder(process.events)
    flush_at_process_end(recorder)
    hooked = signal.getsignal(signal.SIGTERM)
    forget_at_process_end(recorder)

    assert hooked is not held
    assert signal.getsignal(signal.SIGTERM) is held


class _Uvicorn:
    """Note signals as uvicorn's server does, to restore handlers and raise them again when it has ended."""

    def __init__(self) -> None:
        self._captured_signals: list[int] = []

    def handle_exit(self, number: int, frame: FrameType | None) -> None:
        self._captured_signals.append(number)


def test_uvicorns_end_waits_for_the_flush(process: _Process) -> None:
    """It would raise the signal by its default: that is done here, once its server has ended and all is flushed."""
    server, recorder = _Uvicorn(), _Recorder(process.events)
    signal.signal(signal.SIGTERM, server.handle_exit)
    process.hooks.add(recorder)
    process.end()

    assert server._captured_signals == []
    assert process.events == ["drain"]

    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # as the server does when it has ended
    process.wait_for_flush()

    assert process.events == ["drain", "close", f"kill {signal.SIGTERM:d}"]


def test_uvicorn_ends_by_itself_where_nothing_is_to_be_flushed(process: _Process) -> None:
    """With every recorder closed the signal is its own business."""
    server, recorder = _Uvicorn(), _Recorder(process.events)
    signal.signal(signal.SIGTERM, server.handle_exit)
    process.hooks.add(recorder)
    thread = threading.Thread(target=process.hooks.discard, args=(recorder,))
    thread.start()
    thread.join()
    process.end()

    assert server._captured_signals == [signal.SIGTERM]
    assert process.events == []


def test_uvicorn_ends_by_itself_where_no_thread_can_start(
    process: _Process, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a thread to do it later the signal stays noted."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    server, recorder = _Uvicorn(), _Recorder(process.events)
    signal.signal(signal.SIGTERM, server.handle_exit)
    process.hooks.add(recorder)
    monkeypatch.setattr(threading.Thread, "start", refuse)
    process.end()

    assert server._captured_signals == [signal.SIGTERM]
    assert process.events == ["drain"]
