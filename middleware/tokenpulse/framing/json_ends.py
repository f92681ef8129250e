"""Rebuild a JSON object from its two ends, when what lies between is not at hand.

Strategy: the beginning is cut after its last whole value and closed, its open string kept as far as it goes.
The end is walked backward, brackets counted, to the first comma from which on it holds whole members: those of
the object itself, before them those of the member that the cut fell into, if that is an object.
Invariants: a value is as it stood, but for a string that the beginning breaks off, a list or an object that it
leaves open; a member at the end replaces one at the beginning. The open member at the end is taken for the one
the beginning left open.
Bounds: time linear in the bytes given; two parses of the beginning, two of the end.
"""

import re
from typing import Final

import orjson

_STRING: Final = rb'"[^"\\]*+(?:\\.[^"\\]*+)*+"'
_FORWARD: Final = re.compile(_STRING + rb'|[{}\[\],"]', re.DOTALL)
_OPEN_STRING: Final = re.compile(rb'"(?:[^"\\]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*+', re.DOTALL)
# A string from its end: a quote inside it is followed, reading backward, by an odd number of backslashes.
_BACKWARD: Final = re.compile(rb'"(?:[^"]++|"(?=\\(?:\\\\)*+(?!\\)))*+"|[{}\[\],"]')
_CLOSERS: Final = {b"{": b"}", b"[": b"]"}


def joined_ends(head: bytes, tail: bytes) -> dict[str, object] | None:
    """Return an object as far as its first and its last bytes tell, None if the first ones begin no object.

    `{"a":{"b":1,"c":"xy` with `z","d":[2]},"e":3}` makes `{"a": {"b": 1, "c": "xy", "d": [2]}, "e": 3}`.
    """
    found = _opened(head)
    if found is None:
        return None
    members, depth = found
    outer_start, inner_start = _member_starts(tail)
    if depth > 1 and inner_start is not None:
        key, open_member = members.popitem()
        both = _parsed(b'{"":{' + tail[inner_start:]) or {}
        inner = both.pop("", None)
        members[key] = open_member
        if isinstance(open_member, dict) and isinstance(inner, dict):
            return members | {key: open_member | inner} | both
    last = None if outer_start is None else _parsed(b"{" + tail[outer_start:])
    return members if last is None else members | last


def _parsed(text: bytes) -> dict[str, object] | None:
    try:
        found = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return found if isinstance(found, dict) else None


def _opened(head: bytes) -> tuple[dict[str, object], int] | None:
    """Return the object that the first bytes begin, then how deep they end in it."""
    closers: list[bytes] = []
    cut = 0
    open_string = -1
    for match in _FORWARD.finditer(head):
        token = match[0]
        if token in _CLOSERS:
            closers.append(_CLOSERS[token])
            cut = match.end()
        elif token in (b"}", b"]"):
            if not closers or closers.pop() != token:
                return None
            cut = match.end()
        elif token == b",":
            cut = match.start()
        elif token == b'"':
            open_string = match.start()
            break
    closing = b"".join(reversed(closers))
    members = None
    if open_string >= 0:
        members = _parsed(head[:open_string] + _closed_string(head[open_string:]) + closing)
    if members is None:
        members = _parsed(head[:cut] + closing)
    return None if members is None else (members, len(closers))


def _closed_string(text: bytes) -> bytes:
    """Return a string that breaks off, ended before a broken escape or character."""
    kept = next(_OPEN_STRING.finditer(text))[0]
    return kept.decode("utf-8", "ignore").encode() + b'"'


def _member_starts(tail: bytes) -> tuple[int | None, int | None]:
    """Return where the first whole member begins: of the object, of the member of it that is open."""
    starts: list[int | None] = [None, None]
    depth = 0
    for match in _BACKWARD.finditer(tail[::-1]):
        token = match[0]
        if token == b"," and 1 <= depth <= 2:
            starts[depth - 1] = len(tail) - match.start()
        elif token in (b"}", b"]"):
            depth += 1
        elif token in _CLOSERS:
            depth -= 1
            if depth == 1:
                starts[1] = None  # what was walked through began here: it is no open member
        elif token == b'"':
            break
    return starts[0], starts[1]
