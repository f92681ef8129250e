"""Keep what is needed of a body, bounded, by reference.

Bounds: a body up to `WHOLE_BYTES` is kept whole; of a longer one the first and last bytes stay. Every kept
piece is charged `PIECE_BYTES` besides its length, so a body sent byte by byte cannot cost more.
"""

from typing import Final

import orjson

from tokenpulse.dialects.facts import JsonObject
from tokenpulse.framing.json_scan import scalars_at_start, value_at_end

WHOLE_BYTES: Final = 256 * 1024
"""Longest body kept whole: parsing it takes well below a millisecond."""

PIECE_BYTES: Final = 64
"""What a reference to a piece costs besides its bytes: list slot, bytes header, time stamp."""


def json_object(body: bytes) -> JsonObject | None:
    """Return a whole body as a JSON object, None if it is none; of a list, its first object.

    Gemini's errors stand in a list when a stream was asked for.
    """
    try:
        parsed = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if isinstance(parsed, list) and parsed:
        parsed = parsed[0]
    return parsed if isinstance(parsed, dict) else None


class BoundedBody:
    """Hold the pieces of one body: all of them, or its first and last bytes."""

    __slots__ = ("_head", "_head_bytes", "_tail_bytes", "length_bytes", "pieces", "room_bytes")

    def __init__(self, head_bytes: int, tail_bytes: int) -> None:
        self.pieces: list[bytes] = []
        self.room_bytes = WHOLE_BYTES
        self.length_bytes = 0
        self._head: bytes | None = None
        self._head_bytes = head_bytes
        self._tail_bytes = tail_bytes

    def add(self, body: bytes) -> None:
        """Keep one more piece; the caller must not change it afterwards."""
        self.pieces.append(body)
        self.length_bytes += len(body)
        self.room_bytes -= len(body) + PIECE_BYTES
        if self.room_bytes < 0:
            self.fold()

    def fold(self) -> None:
        """Drop what lies between the first and the last bytes."""
        joined = b"".join(self.pieces)
        if self._head is None:
            if self.length_bytes <= WHOLE_BYTES // 2:
                # Many small pieces: as one piece they still fit.
                self._restart(joined)
                return
            self._head = joined[: self._head_bytes]
        self._restart(joined[-self._tail_bytes :])

    def _restart(self, kept: bytes) -> None:
        self.pieces[:] = [kept]
        self.room_bytes = WHOLE_BYTES - len(kept) - PIECE_BYTES

    @property
    def is_whole(self) -> bool:
        """Tell whether nothing was dropped."""
        return self._head is None

    def whole(self) -> bytes:
        """Return the kept pieces in one; after a fold, only the end of the body."""
        return self.pieces[0] if len(self.pieces) == 1 else b"".join(self.pieces)

    def start(self, length: int) -> bytes:
        """Return the first bytes."""
        if self._head is not None:
            return self._head[:length]
        return self.whole()[:length]

    def ends(self) -> tuple[bytes, bytes]:
        """Return the first and the last bytes of a body that was cut."""
        return self._head or b"", self.whole()

    def json_object(self, keys: tuple[str, ...]) -> JsonObject | None:
        """Return the body as a JSON object, None if it is none.

        Of a body that was cut, only what its ends tell of these keys.
        """
        if self._head is None:
            return json_object(self.whole())
        facts = scalars_at_start(self._head, keys)
        tail = self.whole()
        for key in keys:
            value = value_at_end(tail, key)
            if value is not None:
                facts[key] = value
        return facts
