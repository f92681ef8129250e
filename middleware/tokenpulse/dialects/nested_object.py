"""Find a nested JSON object by its key, in the last bytes of a text too long to keep."""

import json
import re
from typing import Final

from tokenpulse.dialects.facts import JsonObject

_COLON: Final = re.compile(r"\s*:\s*")
_DECODER: Final = json.JSONDecoder()


def last_object(tail: bytes, key: str) -> JsonObject | None:
    """Return the object that the last key of this name holds, at any depth; None without one.

    tail: the end of a JSON text, cut anywhere. A key's name inside a text does not count: there its quotes
    are escaped. O(bytes of tail).
    """
    text = tail.decode("utf-8", "replace")
    name = f'"{key}"'
    start = text.rfind(name)
    colon = _COLON.match(text, start + len(name)) if start >= 0 else None
    if colon is None:
        return None
    try:
        found, _ = _DECODER.raw_decode(text, colon.end())
    except (ValueError, RecursionError):
        return None
    return found if isinstance(found, dict) else None
