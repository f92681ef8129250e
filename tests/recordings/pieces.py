"""Cut a recorded stream after each of its events, without the code under test."""

import json
import struct
from collections.abc import Iterator

Piece = tuple[bytes, bool]
"""Some bytes, and whether they end an event that counts (SSE: one with data)."""


def pieces_of(raw: bytes, framing: str) -> list[Piece]:
    """Return a stream's pieces, each up to the end of an event; `framing` is the keeper's word for it."""
    cut = {"ndjson": _lines, "json-array": _elements, "aws-eventstream": _messages}.get(framing, _sse_events)
    return list(cut(raw))


def _sse_events(raw: bytes) -> Iterator[Piece]:
    text = raw.replace(b"\r\n", b"\n")
    pieces = [piece + b"\n\n" for piece in text.split(b"\n\n")]
    pieces[-1] = pieces[-1][:-2]
    for piece in pieces:
        if piece:
            yield piece, any(line.startswith(b"data:") for line in piece.split(b"\n"))


def _lines(raw: bytes) -> Iterator[Piece]:
    for line in raw.split(b"\n"):
        if line.strip():
            yield line + b"\n", True


def _elements(raw: bytes) -> Iterator[Piece]:
    text = raw.decode()
    decoder = json.JSONDecoder()
    start = at = 0
    while (at := text.find("{", at)) >= 0:
        _, at = decoder.raw_decode(text, at)
        yield text[start:at].encode(), True
        start = at
    yield text[start:].encode(), False


def _messages(raw: bytes) -> Iterator[Piece]:
    at = 0
    while at + 4 <= len(raw):
        (length,) = struct.unpack_from(">I", raw, at)
        yield raw[at : at + length], True
        at += length
