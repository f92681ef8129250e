"""Flush when the process ends without a lifespan: at exit, and on SIGTERM by a chained handler.

uvicorn with its lifespan off runs neither `lifespan.shutdown` nor `atexit` on SIGTERM. So the handler found in
place is called first, as if we were not there, and flushing goes on at once after every request until the
server has gone. Where no handler was in place the process is flushed (within 2 s), then ended by the default.
"""

import atexit
import os
import signal
import threading
import weakref
from types import FrameType
from typing import Protocol


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
    if threading.current_thread() is threading.main_thread():
        _chain_sigterm(reference)


def _chain_sigterm(reference: "weakref.ref[Closable]") -> None:
    previous = signal.getsignal(signal.SIGTERM)
    if previous is None or previous is signal.SIG_IGN:
        return

    def on_sigterm(number: int, frame: FrameType | None) -> None:
        recorder = reference()
        if callable(previous):
            if recorder is not None:
                recorder.drain()
            previous(number, frame)
            return
        if recorder is not None:
            recorder.close()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, on_sigterm)
