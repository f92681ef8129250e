"""Try one case: nothing raises, nothing takes long."""

import signal
import time
from collections.abc import Callable, Hashable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Final

from tests.fuzz.broken import BrokenPromiseError, TooSlowError
from tests.fuzz.case import Case
from tests.fuzz.growth import GROWTH, LARGE_BYTES
from tests.fuzz.targets import Target
from tokenpulse.reading.content_decoding import MAX_DECODED_BYTES

HANG_SECONDS: Final = 60.0
"""After this a try is ended; so long that no machine is that slow."""

ALLOWED_SECONDS: Final = 2.0
ALLOWED_SECONDS_PER_BYTE: Final = 5e-6
"""Much more than a try takes: a body of `{}` in lines, read four times, took 1e-6 s a byte here."""

RUNS_OF_GROWTH: Final = 10


@contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    def ring(_: int, __: FrameType | None) -> None:
        raise TooSlowError(f"no end after {seconds} s")

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
        signal.signal(signal.SIGALRM, before)


def allowed_seconds(case: Case) -> float:
    """Return how much processor time a case may take; an encoded body counts as what it may become."""
    is_encoded = any(name == b"content-encoding" for name, _ in case.headers) or case.target == "decoder"
    length = MAX_DECODED_BYTES if is_encoded else len(case.body) + len(case.asked)
    if case.target == GROWTH:
        length = RUNS_OF_GROWTH * LARGE_BYTES
    return ALLOWED_SECONDS + ALLOWED_SECONDS_PER_BYTE * length


def attempt(
    target: Target,
    case: Case,
    *,
    seconds: Callable[[], float] = time.thread_time,
    hang_seconds: float = HANG_SECONDS,
) -> Hashable:
    """Return the sign of what the target saw.

    seconds: tells the processor time so far. hang_seconds: when to end a try that does not end.

    Raises:
        Exception: whatever the target raised.
        BrokenPromiseError: what it checks does not hold, or it took too long.
        TooSlowError: it did not end.
    """
    with _alarm(hang_seconds):
        before = seconds()
        sign = target(case)
        taken = seconds() - before
    if taken > allowed_seconds(case):
        raise BrokenPromiseError("too slow", f"{taken:.2f} s")
    return sign
