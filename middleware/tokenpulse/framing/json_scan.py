"""Find top-level values in JSON of which only the beginning or the end is at hand.

Strategy: from the beginning, step from string to bracket and count depth, so a key counts only at depth 1;
from the end, complete `{` + the text from a key on: only for a top-level key is that valid JSON.
Bounds: O(bytes given) for the beginning, `MAX_TAIL_TRIES` parses of the end.
"""

import re
from collections.abc import Collection
from typing import Final

import orjson

MAX_TAIL_TRIES: Final = 8
"""How many places of a key in the tail are tried: a key's name can also stand in nested objects."""

_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_TOKEN: Final = re.compile(_STRING + rb'|[{}\[\]"]', re.DOTALL)
_VALUE: Final = re.compile(rb"\s*:\s*(" + _STRING + rb"|true|false|null|-?\d[\d.eE+-]*(?=[\s,}]))", re.DOTALL)
_OPENING: Final = frozenset((b"{", b"["))


def scalars_at_start(prefix: bytes, keys: Collection[str]) -> dict[str, object]:
    """Return the top-level texts, numbers, booleans of these keys; of a key given twice, the last.

    prefix: the beginning of a JSON object, cut anywhere.
    """
    wanted = {b'"' + key.encode() + b'"': key for key in keys}
    found: dict[str, object] = {}
    depth = 0
    for match in _TOKEN.finditer(prefix):
        token = match[0]
        if token in _OPENING:
            depth += 1
        elif token in (b"}", b"]"):
            depth -= 1
        elif token == b'"':
            break
        elif depth == 1 and token in wanted:
            value = _VALUE.match(prefix, match.end())
            if value is not None:
                _put(found, wanted[token], value[1])
    return found


def _put(found: dict[str, object], key: str, value: bytes) -> None:
    try:
        found[key] = orjson.loads(value)
    except orjson.JSONDecodeError:
        found.pop(key, None)


def value_at_end(tail: bytes, key: str) -> object:
    """Return the top-level value of a key that stands in the last bytes of a JSON object, None without it.

    tail: the end of the JSON text; white space after it does not matter.
    """
    mark = b'"' + key.encode() + b'"'
    end = len(tail)
    for _ in range(MAX_TAIL_TRIES):
        start = tail.rfind(mark, 0, end)
        if start < 0:
            return None
        try:
            found: object = orjson.loads(b"{" + tail[start:])[key]
        except orjson.JSONDecodeError:
            end = start
        else:
            return found
    return None
