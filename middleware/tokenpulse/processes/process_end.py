"""Flush when the process ends without a lifespan: at exit, and on SIGTERM by a chained handler.

uvicorn with its lifespan off runs neither `lifespan.shutdown` nor `atexit` on SIGTERM. So the handler found in
place is called first, as if we were not there, and flushing goes on at once after every request until the
server has gone; uvicorn's own end waits for the last flush. Where no handler was in place the process is flushed
(within 2 s), then ended by the default: flushed by a thread, because the code that the signal interrupted may
hold a lock which the flush needs.
Invariants: a process has one hook of each kind, however many recorders are in it; the last recorder that is
forgotten takes them away, a signal's handler only where nobody chained another one over it.
"""

import atexit
import contextlib
import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import TYPE_CHECKING, Any, Final, Protocol

from tokenpulse.flushing.flush import CLOSE_SECONDS
from tokenpulse.processes.living import Living

if TYPE_CHECKING:
    from multiprocessing.util import Finalize

_POLL_SECONDS: Final = 0.01
Handler = Callable[[int, FrameType | None], Any]
"""What `signal.signal` takes."""


class Closable(Protocol):
    """Be able to flush."""

    def drain(self) -> None:
        """Flush at once from now on."""

    def close(self, timeout_seconds: float) -> None:
        """Flush, within the timeout."""


class ProcessEnd:
    """Hook the end of this process once, for all recorders in it."""

    def __init__(self) -> None:
        self._recorders: Living[Closable] = Living()
        self._process_id: int | None = None
        self._finalizer: Finalize | None = None
        self._handler: _DrainFirst | _FlushThenEnd | None = None

    def add(self, recorder: Closable) -> None:
        """Have a recorder flushed at the end, as long as it lives; signals only where they can be handled."""
        self._recorders.add(recorder)
        if self._process_id != os.getpid():  # a forked child inherits hooks, not its parent's finalizers
            self._process_id = os.getpid()
            atexit.unregister(self.close_all)
            atexit.register(self.close_all)
            self._finalizer = _finalize_with_multiprocessing(self.close_all)
        if threading.current_thread() is threading.main_thread():
            self._chain_sigterm()

    def discard(self, recorder: Closable) -> None:
        """Forget a recorder; the last one takes the hooks away."""
        self._recorders.discard(recorder)
        if self._recorders.members():
            return
        self._process_id = None
        atexit.unregister(self.close_all)
        if self._finalizer is not None:
            self._finalizer.cancel()
            self._finalizer = None
        if threading.current_thread() is threading.main_thread():
            self._restore_sigterm()

    def drain_all(self) -> None:
        """Have every recorder flush at once from now on."""
        for recorder in self._recorders.members():
            recorder.drain()

    def close_all(self) -> None:
        """Flush every recorder, all within `CLOSE_SECONDS`."""
        recorders = self._recorders.members()
        if len(recorders) > 1:
            self.drain_all()  # their threads flush side by side: one that waits for Redis delays no other
        deadline = time.monotonic() + CLOSE_SECONDS
        for recorder in recorders:
            recorder.close(max(deadline - time.monotonic(), 0.0))

    def has_recorders(self) -> bool:
        """Tell whether there is anything to flush."""
        return bool(self._recorders.members())

    def _chain_sigterm(self) -> None:
        previous = signal.getsignal(signal.SIGTERM)
        if previous is None or previous is signal.SIG_IGN or previous is self._handler:
            return
        self._handler = _DrainFirst(self, previous) if callable(previous) else _FlushThenEnd(self)
        signal.signal(signal.SIGTERM, self._handler)

    def _restore_sigterm(self) -> None:
        in_place = signal.getsignal(signal.SIGTERM)
        if isinstance(in_place, _DrainFirst | _FlushThenEnd) and in_place is self._handler:
            signal.signal(signal.SIGTERM, in_place.previous)
        self._handler = None


def _finalize_with_multiprocessing(close: Callable[[], None]) -> "Finalize | None":
    """Have a child of `multiprocessing` (a worker of granian, say) close: it ends without `atexit`."""
    process = sys.modules.get("multiprocessing.process")  # not imported here: 4 ms that few apps need
    if process is None or process.parent_process() is None:
        return None
    from multiprocessing.util import Finalize

    return Finalize(None, close, exitpriority=0)


class _DrainFirst:
    """Handle a signal by the handler that was in place, flushing at once from then on.

    uvicorn's handler notes the signal, to restore the default and raise it again when the server has ended, which
    ends the process in the middle of a flush. That is done for it here, after the flush.
    """

    def __init__(self, end: ProcessEnd, previous: Handler) -> None:
        self._end = end
        self.previous = previous

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self._end.drain_all()
        self.previous(number, frame)
        noted = getattr(getattr(self.previous, "__self__", None), "_captured_signals", None)
        if isinstance(noted, list) and number in noted and self._end.has_recorders():
            thread = threading.Thread(target=self._flush, args=(number,), name="tokenpulse-end")
            with contextlib.suppress(RuntimeError):  # no threads left: then it is left to uvicorn
                thread.start()
                noted.remove(number)

    def _flush(self, number: int) -> None:
        while signal.getsignal(number) is self:
            time.sleep(_POLL_SECONDS)
        try:
            self._end.close_all()
        finally:
            os.kill(os.getpid(), number)


class _FlushThenEnd:
    """Handle a signal by a flush, which raises it again when it is over, then by its default.

    Further signals meanwhile change nothing.
    """

    previous: Final = signal.SIG_DFL

    def __init__(self, end: ProcessEnd) -> None:
        self._end = end
        self._is_flushing = False
        self._is_flushed = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        if self._is_flushed or not (self._is_flushing or self._end.has_recorders()):
            signal.signal(number, signal.SIG_DFL)  # which only this thread, the main one, may do
            os.kill(os.getpid(), number)
        elif not self._is_flushing:
            self._is_flushing = True
            self._start(number)

    def _start(self, number: int) -> None:
        thread = threading.Thread(target=self._flush, args=(number,), name="tokenpulse-end")
        try:
            thread.start()
        except RuntimeError:  # the interpreter is shutting down, or has no threads left
            self._flush(number)

    def _flush(self, number: int) -> None:
        try:
            self._end.close_all()
        finally:  # whatever happens, the process ends
            self._is_flushed = True
            main_thread = threading.main_thread().ident
            assert main_thread is not None  # it runs, for it took the signal
            signal.pthread_kill(main_thread, number)  # so that it wakes up, and no other thread


_PROCESS_END: Final = ProcessEnd()
"""The one place for what belongs to the process, not to a recorder: handlers chained per recorder never end."""


def flush_at_process_end(recorder: Closable) -> None:
    """Have a recorder flushed at the end of the process, as long as it lives; any number of times."""
    _PROCESS_END.add(recorder)


def forget_at_process_end(recorder: Closable) -> None:
    """Take a recorder out of what is done at the end of the process: it is closed."""
    _PROCESS_END.discard(recorder)
