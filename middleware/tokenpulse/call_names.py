"""Make names fit to keep of what an app calls its providers, models, gateways."""

from collections.abc import Callable
from typing import Final

from tokenpulse.arguments import checked_text
from tokenpulse_shared.names import MAX_NAME_CHARACTERS, UNKNOWN, clean_name

_REMEMBERED: Final = 4096


class CallNames:
    """Remember up to `_REMEMBERED` names; thread-safe.

    `fault` is told the cause where something is no name.
    """

    def __init__(self, fault: Callable[[str], None]) -> None:
        self._fault = fault
        self._cleaned: dict[str, str] = {}

    def find(self, given: object) -> str:
        """Return a name fit to keep."""
        if type(given) is str and (cleaned := self._cleaned.get(given)) is not None:
            return cleaned
        text = checked_text(given, self._fault)
        if text is None:
            return UNKNOWN
        cleaned = clean_name(text)
        if len(self._cleaned) >= _REMEMBERED:
            self._cleaned.clear()
        if len(text) <= MAX_NAME_CHARACTERS:
            self._cleaned[text] = cleaned
        return cleaned
