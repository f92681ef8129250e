"""Bound blocking work by one deadline, however many calls and servers it takes.

Strategy: the deadline travels with the context of the thread, and every socket of ours asks it before it waits
(see `bounded_socket`). So a step that may take several round trips is bounded as a whole by whoever starts it.
Invariant: a limit within a limit can only be shorter, but for work of our own within it.
"""

import math
import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Final

_ENDS_AT: Final[ContextVar[float]] = ContextVar("tokenpulse_time_limit", default=math.inf)
"""Monotonic seconds; infinite where no limit was set."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Have what waits for Redis within the block give up once the time is over; nothing else is interrupted."""
    token = _ENDS_AT.set(min(_ENDS_AT.get(), time.monotonic() + seconds))
    try:
        yield
    finally:
        _ENDS_AT.reset(token)


@contextmanager
def own_work() -> Iterator[None]:
    """Have what the block takes not count: it computes, and where others compute as well nobody knows how long."""
    began = time.monotonic()
    try:
        yield
    finally:
        _ENDS_AT.set(_ENDS_AT.get() + time.monotonic() - began)


def seconds_left(most: float) -> float:
    """Return the seconds until the limit, `most` at most (all of them where no limit is set), never negative."""
    ends_at = _ENDS_AT.get()
    if ends_at == math.inf:
        return most
    return max(0.0, min(most, ends_at - time.monotonic()))
