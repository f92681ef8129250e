"""What one execution tries: a request, its response, and how the response's bytes arrive."""

from base64 import b64decode, b64encode
from dataclasses import dataclass, fields
from itertools import pairwise
from typing import Any

import orjson

Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Case:
    """Hold one try.

    `target`: which code it is for. `body`: the response's, as on the wire. `cuts`: offsets in it, ascending;
    between two of them lies a piece. `folds`: places of the pieces after which the reader has to take what
    came so far. `estimate`: the setting `estimate_usage`.
    """

    target: str
    path: str
    asked: bytes
    body: bytes
    status: int = 200
    headers: Headers = ()
    cuts: tuple[int, ...] = ()
    folds: tuple[int, ...] = ()
    estimate: str = "off"
    injects_usage: bool = False

    def pieces(self) -> list[bytes]:
        """Return the body cut up; no piece is empty."""
        edges = sorted({0, len(self.body), *(cut for cut in self.cuts if 0 < cut < len(self.body))})
        return [self.body[left:right] for left, right in pairwise(edges)]


def to_json(case: Case) -> dict[str, Any]:
    """Return a case as JSON; bytes are base64."""
    return {field.name: _encoded(getattr(case, field.name)) for field in fields(case)}


def from_json(told: dict[str, Any]) -> Case:
    """Return the case that `to_json` wrote.

    Raises:
        KeyError, TypeError, ValueError: it did not.
    """
    bodies = {name: b64decode(told[name]) for name in ("asked", "body")}
    headers = tuple((b64decode(name), b64decode(value)) for name, value in told["headers"])
    places = {name: tuple(told[name]) for name in ("cuts", "folds")}
    return Case(**{**told, **bodies, **places, "headers": headers})


def read_case(content: bytes) -> Case:
    """Return the case in a file's content, be it of a finding or of a corpus.

    Raises:
        KeyError, TypeError, ValueError: there is none.
    """
    told = orjson.loads(content)
    return from_json(told["case"])


def _encoded(value: Any) -> Any:
    if isinstance(value, bytes):
        return b64encode(value).decode()
    return [_encoded(item) for item in value] if isinstance(value, tuple) else value
