"""The trace of a request is read from its headers."""

import pytest

from tokenpulse.requests.trace_context import trace_id_of

TRACE = b"4bf92f3577b34da6a3ce929d0e0e4736"
HEADER = b"00-" + TRACE + b"-00f067aa0ba902b7-01"


def test_the_trace_is_read() -> None:
    """Wherever the header stands, of a later version too."""
    assert trace_id_of([(b"accept", b"*/*"), (b"traceparent", HEADER)]) == TRACE.decode()
    assert trace_id_of(((b"traceparent", b"01" + HEADER[2:] + b"-more"),)) == TRACE.decode()


@pytest.mark.parametrize(
    "value",
    [
        b"",
        HEADER[:-1],
        b"ff" + HEADER[2:],
        HEADER.replace(b"-", b"_"),
        HEADER.upper(),
        b"00-" + b"0" * 32 + HEADER[35:],
        b"00-" + b"\xff" * 32 + HEADER[35:],
        HEADER[:35] + b"_" + HEADER[36:],
        HEADER.decode(),
        None,
    ],
)
def test_what_cannot_be_read_is_no_trace(value: object) -> None:
    """Whatever a caller sends."""
    assert trace_id_of([(b"traceparent", value)]) is None


def test_without_the_header_there_is_none() -> None:
    """Nor with headers that are no list of pairs."""
    assert trace_id_of([(b"accept", b"*/*")]) is None
    assert trace_id_of(None) is None
