"""Split a server-sent event stream into events, without I/O.

Strategy: `feed` cuts what it has at blank lines; whole lines are looked at only inside a finished event.
Invariants: any chunking of the same bytes yields the same events; a CR LF pair is one line end, also when a
chunk ends between the two; work is on bytes, so no character is ever cut and U+2028 ends no line.
Bounds: an unfinished event is held up to `MAX_EVENT_BYTES`, then dropped up to its end, `given_up` counts it.
Differs from the standard where providers do: the last event counts although no blank line ends it, and an
`error` field is kept (llama.cpp ends a broken stream so).
"""

from typing import Final, NamedTuple

MAX_EVENT_BYTES: Final = 64 * 1024
"""Longest unfinished event that is held; chunks of real providers stay below 8 KiB."""

_BOM: Final = b"\xef\xbb\xbf"


class SseEvent(NamedTuple):
    """Hold one event: its data lines joined by LF, its name, its non-standard error field; b"" means absent."""

    data: bytes
    name: bytes = b""
    error: bytes = b""


def parse_block(block: bytes) -> SseEvent | None:
    """Return the event that the lines of a block make, None if they make none (comments, empty lines).

    block: lines separated by LF, without CR.
    """
    if b"\n" not in block and block.startswith(b"data: "):
        return SseEvent(block[6:])
    data: list[bytes] = []
    fields = {b"event": b"", b"error": b""}
    for line in block.split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field in fields:
            fields[field] = value
    if not data and not fields[b"error"]:
        return None
    return SseEvent(b"\n".join(data), fields[b"event"], fields[b"error"])


def without_bom(first: bytes) -> bytes:
    """Return the stream's first bytes without a byte order mark."""
    return first.removeprefix(_BOM)


class SseFramer:
    """Collect the chunks of one stream; give each event once, as soon as its blank line is there."""

    def __init__(self) -> None:
        self._held = b""
        self._is_first = True
        self._has_open_cr = False
        self._is_skipping = False
        self.given_up = 0
        """Events dropped because they had not ended after `MAX_EVENT_BYTES`."""

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Return the events that this chunk completes, in order."""
        if b"\r" in chunk or self._has_open_cr:
            chunk = self._with_line_feeds(chunk)
        text = self._held + chunk
        if self._is_first:
            if len(text) < len(_BOM) and _BOM.startswith(text):
                self._held = text
                return []
            text = without_bom(text)
            self._is_first = False
        *blocks, self._held = text.split(b"\n\n")
        if self._is_skipping and blocks:
            del blocks[0]
            self._is_skipping = False
        events = [event for block in blocks if (event := parse_block(block)) is not None]
        self._bound()
        return events

    def finish(self) -> list[SseEvent]:
        """Return the last event, if the stream ended without the blank line that ends it."""
        held, self._held = self._held, b""
        if self._is_skipping:
            return []
        event = parse_block(held)
        return [] if event is None else [event]

    def _with_line_feeds(self, chunk: bytes) -> bytes:
        if self._has_open_cr and chunk:
            chunk = chunk.removeprefix(b"\n")
            self._has_open_cr = False
            if not chunk:
                return chunk
        self._has_open_cr = self._has_open_cr or chunk.endswith(b"\r")
        return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n")

    def _bound(self) -> None:
        if len(self._held) <= MAX_EVENT_BYTES:
            return
        if not self._is_skipping:
            self.given_up += 1
        self._is_skipping = True
        # A trailing LF may be the first half of the blank line that ends the event.
        self._held = self._held[-1:] if self._held.endswith(b"\n") else b""
