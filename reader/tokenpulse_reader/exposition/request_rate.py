"""How fast a counter grew over the last minute, from what it was at each snapshot.

Worked: 1,000 at 0 s, 1,030 at 60 s: 30 a minute. A counter that fell began anew: what was before it counts no more.
Bounds: what was noted in the last `WINDOW_SECONDS`, at most `MAX_NOTED`.
"""

from collections import deque
from typing import Final

WINDOW_SECONDS: Final = 60.0
LEAST_SECONDS: Final = 1.0
"""A rate over less is a guess."""
MAX_NOTED: Final = 1_000


class RequestRate:
    """Remember a counter; belongs to one event loop."""

    def __init__(self) -> None:
        self._noted: deque[tuple[float, int]] = deque(maxlen=MAX_NOTED)

    def note(self, at: float, count: int | None) -> None:
        """Remember the count at a moment, seconds of one clock; None: it is not known."""
        if count is None or (self._noted and (count < self._noted[-1][1] or at < self._noted[-1][0])):
            self._noted.clear()
        if count is not None:
            self._noted.append((at, count))
        while len(self._noted) > 2 and self._noted[1][0] <= at - WINDOW_SECONDS:
            self._noted.popleft()

    def per_minute(self) -> float | None:
        """Return the growth a minute over what is remembered; None before there is a second of it."""
        if not self._noted:
            return None
        (first_at, first), (last_at, last) = self._noted[0], self._noted[-1]
        seconds = last_at - first_at
        return (last - first) / seconds * 60.0 if seconds >= LEAST_SECONDS else None
