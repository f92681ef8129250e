"""Say on stderr how far an export has come.

On a terminal one line is written over and over; elsewhere (a log) each is a line of its own, and there are fewer.
"""

from collections.abc import Callable
from typing import Final

from tokenpulse_reader.export.export import ExportPart
from tokenpulse_shared.clock import Clock

TERMINAL_SECONDS: Final = 0.2
LOG_SECONDS: Final = 10.0
_ERASE_LINE: Final = "\r\x1b[K"


class Progress:
    """Tell of parts as they are written; `write`: takes text that ends no line by itself."""

    def __init__(self, write: Callable[[str], object], clock: Clock, *, is_terminal: bool) -> None:
        self._write = write
        self._clock = clock
        self._is_terminal = is_terminal
        self._told_at = clock.monotonic()
        self._byte_count = 0

    def note(self, part: ExportPart) -> None:
        """Take note of a part that was written; say so when it is time."""
        self._byte_count += len(part.data)
        now = self._clock.monotonic()
        if now - self._told_at < (TERMINAL_SECONDS if self._is_terminal else LOG_SECONDS):
            return
        self._told_at = now
        line = f"{part.models} of {part.all_models} models, {part.rows} rows, {self._size}"
        self._write(f"{_ERASE_LINE}{line}" if self._is_terminal else f"{line}\n")

    def end(self, summary: str) -> None:
        """Say how it ended, in a line of its own."""
        erase = _ERASE_LINE if self._is_terminal else ""
        self._write(f"{erase}{summary}, {self._size}\n")

    def break_off(self) -> None:
        """Leave the terminal with an empty line for what comes next."""
        if self._is_terminal:
            self._write(_ERASE_LINE)

    @property
    def _size(self) -> str:
        if self._byte_count < 1_000_000:
            return f"{self._byte_count / 1e3:.1f} kB"
        return f"{self._byte_count / 1e6:.1f} MB"
