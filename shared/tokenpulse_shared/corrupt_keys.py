"""Keep account of keys that hold something tokenpulse did not write."""

import logging
from typing import Final

_logger = logging.getLogger(__name__)

MAX_REMEMBERED: Final = 1_000
"""Keys remembered as logged; past that nothing more is logged, the count goes on."""


class CorruptKeys:
    """Count such keys at every read, and log each of them once."""

    def __init__(self) -> None:
        self.count = 0
        self._logged: set[str] = set()

    def note(self, key: str, reason: object) -> None:
        """Count the key; log it with the reason if it is new."""
        self.count += 1
        if key in self._logged or len(self._logged) >= MAX_REMEMBERED:
            return
        self._logged.add(key)
        _logger.warning("left out of every answer: key %r holds something else: %s", key, reason)
