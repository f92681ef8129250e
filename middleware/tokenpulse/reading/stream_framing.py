"""Tell how a response's body is framed: by its content type, else by its first bytes and its path."""

import re
from enum import Enum, auto
from typing import Final

from tokenpulse.framing.aws_eventstream import AwsEventStreamFramer
from tokenpulse.framing.json_array import JsonArrayFramer
from tokenpulse.framing.ndjson import NdjsonFramer
from tokenpulse.reading.framed_reader import Framer

SNIFFED_BYTES: Final = 4_000
"""First bytes of a body that are looked at, however they were cut: fewer than are ever folded away unseen."""


class Framing(Enum):
    """Name what a body is made of."""

    JSON = auto()
    SSE = auto()
    NDJSON = auto()
    JSON_ARRAY = auto()
    AWS_EVENT_STREAM = auto()


_BY_TYPE: Final = {
    b"text/event-stream": Framing.SSE,
    b"application/x-ndjson": Framing.NDJSON,
    b"application/ndjson": Framing.NDJSON,
    b"application/jsonl": Framing.NDJSON,
    b"application/jsonlines": Framing.NDJSON,
    b"application/stream+json": Framing.NDJSON,
    b"application/vnd.amazon.eventstream": Framing.AWS_EVENT_STREAM,
}
_EVENT_STARTS: Final = (b"data:", b"event:", b":", b"id:", b"retry:")
_OBJECTS: Final = re.compile(rb"^\{[^\r\n]*\}\r?\n\{")
_BOM: Final = b"\xef\xbb\xbf"


def framing_of_type(content_type: bytes) -> Framing | None:
    """Return the framing a content type names; None: it names none, or JSON, which may be a stream as well."""
    if content_type == b"application/json":  # nearly every answer that is no stream
        return None
    return _BY_TYPE.get(content_type.partition(b";")[0].strip().lower())


def sniffed_framing(first: bytes, path_says_stream: bool | None) -> Framing:
    """Return what the first bytes of a body of no telling content type are.

    path_says_stream: what the path alone says; None: nothing.
    """
    text = first.removeprefix(_BOM).lstrip()
    if text.startswith(_EVENT_STARTS):
        return Framing.SSE
    if path_says_stream and first.startswith(b"\0"):
        return Framing.AWS_EVENT_STREAM
    if path_says_stream and text.startswith(b"["):
        return Framing.JSON_ARRAY
    # No JSON document has a line end between two objects: a comma comes between, inside a string none is raw.
    return Framing.NDJSON if _OBJECTS.search(text) else Framing.JSON


def framer_of(framing: Framing) -> Framer | None:
    """Return who splits a stream of this framing; None for JSON, and for SSE, which `StreamReader` reads."""
    if framing is Framing.NDJSON:
        return NdjsonFramer()
    if framing is Framing.JSON_ARRAY:
        return JsonArrayFramer()
    return AwsEventStreamFramer() if framing is Framing.AWS_EVENT_STREAM else None
