"""Split a server-sent event stream into events, without I/O.

Strategy: `feed` cuts what it has at blank lines; whole lines are looked at only inside a finished event.
Invariants: any chunking of the same bytes yields the same events; a CR LF pair is one line end, also when a
chunk ends between the two; work is on bytes, so no character is ever cut and U+2028 ends no line.
Bounds: an unfinished event is held up to `MAX_EVENT_BYTES`, then dropped up to its end, `given_up` counts it.
Differs from the standard where providers do: the last event counts although no blank line ends it, an `error`
field is kept (llama.cpp ends a broken stream so), a byte order mark is passed over before any event.
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
    for line in block.removeprefix(_BOM).split(b"\n"):
        field, _, value = line.partition(b":")
        value = value.removeprefix(b" ")
        if field == b"data":
            data.append(value)
        elif field in fields:
            fields[field] = value
    if not data and not fields[b"error"]:
        return None
    return SseEvent(b"\n".join(data), fields[b"event"], fields[b"error"])


def with_line_feeds(chunk: bytes, has_open_cr: bool) -> tuple[bytes, bool]:
    """Return the chunk with LF for every line end, then whether it ended in a CR whose LF may follow.

    has_open_cr: what this function said of the chunk before.
    """
    if not chunk or (b"\r" not in chunk and not has_open_cr):
        return chunk, has_open_cr
    ends_in_cr = chunk.endswith(b"\r")
    if has_open_cr:
        chunk = chunk.removeprefix(b"\n")
    return chunk.replace(b"\r\n", b"\n").replace(b"\r", b"\n"), ends_in_cr


class SseFramer:
    """Collect the chunks of one stream; give each event once, as soon as its blank line is there."""

    def __init__(self) -> None:
        self._held: list[bytes] = []
        self._held_bytes = 0
        self._has_open_cr = False
        self._is_skipping = False
        self.given_up = 0
        """Events dropped because they had not ended after `MAX_EVENT_BYTES`."""

    def feed(self, chunk: bytes) -> list[SseEvent]:
        """Return the events that this chunk completes, in order."""
        if (
            not self._held_bytes
            and not self._has_open_cr
            and not self._is_skipping
            and chunk.startswith(b"data: ")
            and chunk.find(b"\n") == len(chunk) - 2
            and chunk.endswith(b"\n\n")
            and b"\r" not in chunk
        ):  # one whole event of one line, as nearly every provider sends it
            self._is_first = False
            return [SseEvent(chunk[6:-2])]
        chunk, self._has_open_cr = with_line_feeds(chunk, self._has_open_cr)
        self._held.append(chunk)
        self._held_bytes += len(chunk)
        if b"\n" not in chunk:
            self._bound()
            return []
        text = b"".join(self._held)
        *blocks, rest = text.split(b"\n\n")
        self._held, self._held_bytes = [rest], len(rest)
        if self._is_skipping and blocks:
            del blocks[0]
            self._is_skipping = False
        self._bound()
        return [event for block in blocks if (event := parse_block(block)) is not None]

    def finish(self) -> list[SseEvent]:
        """Return the last event, if the stream ended without the blank line that ends it."""
        held, self._held = b"".join(self._held), []
        if self._is_skipping:
            return []
        event = parse_block(held)
        return [] if event is None else [event]

    def _bound(self) -> None:
        if self._held_bytes <= MAX_EVENT_BYTES:
            return
        self.given_up += not self._is_skipping
        self._is_skipping = True
        # A trailing LF may be the first half of the blank line that ends the event.
        self._held = [b"\n"] if self._held[-1].endswith(b"\n") else []
        self._held_bytes = len(self._held)
