"""How a body is framed is told by its type, else by how it begins."""

import pytest

from tokenpulse.framing.aws_eventstream import AwsEventStreamFramer
from tokenpulse.framing.json_array import JsonArrayFramer
from tokenpulse.framing.ndjson import NdjsonFramer
from tokenpulse.reading.stream_framing import Framing, framer_of, framing_of_type, sniffed_framing


@pytest.mark.parametrize(
    ("content_type", "framing"),
    [
        (b"text/event-stream", Framing.SSE),
        (b"Text/Event-Stream; charset=utf-8", Framing.SSE),
        (b"text/event-stream;charset=UTF-8", Framing.SSE),
        (b"application/x-ndjson", Framing.NDJSON),
        (b"application/stream+json", Framing.NDJSON),
        (b"application/vnd.amazon.eventstream", Framing.AWS_EVENT_STREAM),
        (b"application/json", None),
        (b"application/octet-stream", None),
        (b"", None),
    ],
)
def test_content_type(content_type: bytes, framing: Framing | None) -> None:
    """JSON is no answer: Gemini streams an array under it, others mislabel their events."""
    assert framing_of_type(content_type) is framing


@pytest.mark.parametrize(
    ("first", "path_says_stream", "framing"),
    [
        (b"data: {}\n\n", None, Framing.SSE),
        (b"\xef\xbb\xbfevent: x\n", None, Framing.SSE),
        (b"\n\n: hello\n\n", None, Framing.SSE),
        (b'{"a":1}\n{"a":2}\n', None, Framing.NDJSON),
        (b'{"a":1}\r\n{"a":2}\r\n', False, Framing.NDJSON),
        (b'{"a":1}\n', None, Framing.JSON),
        (b'{\n "a": {\n}\n}', None, Framing.JSON),
        (b'{"a":[{"b":1},\n{"c":2}]}', None, Framing.JSON),
        (b'[{"a":1}', True, Framing.JSON_ARRAY),
        (b'[{"a":1}', None, Framing.JSON),
        (b"\x00\x00\x00\x80", True, Framing.AWS_EVENT_STREAM),
        (b"\x00\x00\x00\x80", None, Framing.JSON),
        (b"<html>", True, Framing.JSON),
        (b"", True, Framing.JSON),
    ],
)
def test_first_bytes(first: bytes, path_says_stream: bool | None, framing: Framing) -> None:
    """What could be something else is taken for a stream only where the path says so."""
    assert sniffed_framing(first, path_says_stream) is framing


def test_who_splits_what() -> None:
    """JSON needs no splitting, events are split by the stream reader itself."""
    assert isinstance(framer_of(Framing.NDJSON), NdjsonFramer)
    assert isinstance(framer_of(Framing.JSON_ARRAY), JsonArrayFramer)
    assert isinstance(framer_of(Framing.AWS_EVENT_STREAM), AwsEventStreamFramer)
    assert framer_of(Framing.JSON) is framer_of(Framing.SSE) is None
