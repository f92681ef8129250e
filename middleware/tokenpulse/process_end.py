"""Flush when the process ends without a lifespan: at exit, and on SIGTERM by a chained handler.

uvicorn with its lifespan off runs neither `lifespan.shutdown` nor `atexit` on SIGTERM. So the handler found in
place is called first, as if we were not there, and flushing goes on at once after every request until the
server has gone. Where no handler was in place the process is flushed (within 2 s), then ended by the default:
flushed by a thread, because the code that the signal interrupted may hold a lock which the flush needs.
"""

import atexit
import os
import signal
import sys
import threading
import weakref
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol

Handler = Callable[[int, FrameType | None], Any]
"""What `signal.signal` takes."""


class Closable(Protocol):
    """Be able to flush."""

    def drain(self) -> None:
        """Flush at once from now on."""

    def close(self) -> None:
        """Flush, within 2 s."""


def flush_at_process_end(recorder: Closable) -> None:
    """Hook a recorder to the end of the process; signals only where they can be handled: the main thread."""
    reference = weakref.ref(recorder)

    def close() -> None:
        alive = reference()
        if alive is not None:
            alive.close()

    atexit.register(close)
    _finalize_with_multiprocessing(close)
    if threading.current_thread() is threading.main_thread():
        _chain_sigterm(reference)


def _finalize_with_multiprocessing(close: Callable[[], None]) -> None:
    """Have a child of `multiprocessing` (a worker of granian, say) close: it ends without `atexit`."""
    process = sys.modules.get("multiprocessing.process")  # not imported here: 4 ms that few apps need
    if process is not None and process.parent_process() is not None:
        from multiprocessing.util import Finalize

        Finalize(None, close, exitpriority=0)


def _chain_sigterm(reference: "weakref.ref[Closable]") -> None:
    previous = signal.getsignal(signal.SIGTERM)
    if previous is None or previous is signal.SIG_IGN:
        return

    handler = _DrainFirst(reference, previous) if callable(previous) else _FlushThenEnd(reference)
    signal.signal(signal.SIGTERM, handler)


class _DrainFirst:
    """Handle a signal by the handler that was in place, flushing at once from then on."""

    def __init__(self, reference: "weakref.ref[Closable]", previous: Handler) -> None:
        self._reference = reference
        self._previous = previous

    def __call__(self, number: int, frame: FrameType | None) -> None:
        recorder = self._reference()
        if recorder is not None:
            recorder.drain()
        self._previous(number, frame)


class _FlushThenEnd:
    """Handle a signal by a flush, which raises it again when it is over, then by its default.

    Further signals meanwhile change nothing.
    """

    def __init__(self, reference: "weakref.ref[Closable]") -> None:
        self._reference = reference
        self._is_flushing = False
        self._is_flushed = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        recorder = self._reference()
        if recorder is None or self._is_flushed:
            signal.signal(number, signal.SIG_DFL)  # which only this thread, the main one, may do
            os.kill(os.getpid(), number)
        elif not self._is_flushing:
            self._is_flushing = True
            self._start(recorder, number)

    def _start(self, recorder: Closable, number: int) -> None:
        thread = threading.Thread(target=self._flush, args=(recorder, number), name="tokenpulse-end")
        try:
            thread.start()
        except RuntimeError:  # the interpreter is shutting down, or has no threads left
            self._flush(recorder, number)

    def _flush(self, recorder: Closable, number: int) -> None:
        try:
            recorder.close()
        finally:  # whatever happens, the process ends
            self._is_flushed = True
            main_thread = threading.main_thread().ident
            assert main_thread is not None  # it runs, for it took the signal
            signal.pthread_kill(main_thread, number)  # so that it wakes up, and no other thread
