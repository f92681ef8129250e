"""Headers of an AWS event-stream message, of every type."""

import pytest

from tests.support.aws_messages import header, text_header
from tokenpulse.framing.aws_headers import text_headers

TEXT = text_header(b":event-type", b"chunk")


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        (0, b""),
        (1, b""),
        (2, b"\x01"),
        (3, b"\x01\x02"),
        (4, bytes(4)),
        (5, bytes(8)),
        (6, b"\x00\x03abc"),
        (7, b"\x00\x00"),
        (8, bytes(8)),
        (9, bytes(16)),
    ],
)
def test_every_type_is_stepped_over(kind: int, value: bytes) -> None:
    """Whatever type stands before a text, the text is found; only texts are returned."""
    found = text_headers(header(b"other", kind, value) + TEXT)

    assert found == {b":event-type": b"chunk"} | ({b"other": b""} if kind == 7 else {})


def test_later_header_wins() -> None:
    """Of a name given twice, the last value counts."""
    assert text_headers(TEXT + text_header(b":event-type", b"other")) == {b":event-type": b"other"}


def test_what_is_broken_ends_the_reading() -> None:
    """A type that does not exist, or a cut anywhere, leaves what came before."""
    assert text_headers(TEXT + header(b"other", 10, b"") + text_header(b"last", b"x")) == {
        b":event-type": b"chunk"
    }
    for end in range(len(TEXT)):
        assert text_headers(TEXT + TEXT[:end]) == {b":event-type": b"chunk"}
        assert text_headers(TEXT[:end]) == {}
