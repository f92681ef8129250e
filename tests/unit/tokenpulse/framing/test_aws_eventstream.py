"""Messages of an AWS event stream, right and wrong, however the bytes are cut."""

import struct
from zlib import crc32

import pytest

from tests.support.aws_messages import event_message, exception_message, header, message, text_header
from tests.support.framing import events_of, every_cut, pieces_of
from tokenpulse.framing.aws_eventstream import AwsEventStreamFramer
from tokenpulse.framing.event import Event
from tokenpulse.framing.long_event import HEAD_BYTES, MAX_EVENT_BYTES, TAIL_BYTES

STOP = event_message(b"messageStop", {"stopReason": "end_turn"})
STOP_EVENT = Event(b'{"stopReason":"end_turn"}', b"messageStop")
ERROR = text_header(b":message-type", b"error")


def prelude(total_bytes: int, headers_bytes: int) -> bytes:
    lengths = struct.pack(">II", total_bytes, headers_bytes)
    return lengths + struct.pack(">I", crc32(lengths))


def damaged(raw: bytes, place: int) -> bytes:
    """Return the bytes with one bit turned."""
    return raw[:place] + bytes([raw[place] ^ 1]) + raw[place + 1 :]


@pytest.mark.parametrize(
    ("raw", "events"),
    [
        (STOP, [STOP_EVENT]),
        (message(b"", b""), [Event(b"")]),
        (
            message(b"", b"x") + message(text_header(b":event-type", b"a"), b""),
            [Event(b"x"), Event(b"", b"a")],
        ),
        (STOP[:-1], []),
        (b"", []),
    ],
)
def test_messages_at_every_cut(raw: bytes, events: list[Event]) -> None:
    """Whole, byte by byte, and cut at every pair of places: the same events."""
    for chunks in every_cut(raw):
        framer = AwsEventStreamFramer()

        assert events_of(framer, chunks) == events
        assert framer.given_up == 0


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (
            exception_message(b"throttlingException", b'{"message":"slow down"}'),
            b'{"error":{"type":"throttlingException","message":"slow down"}}',
        ),
        (
            exception_message(b"internalServerException", b'{"Message":"oops"}'),
            b'{"error":{"type":"internalServerException","message":"oops"}}',
        ),
        (exception_message(b"a", b'{"message":7}'), b'{"error":{"type":"a"}}'),
        (exception_message(b"a", b"[]"), b'{"error":{"type":"a"}}'),
        (exception_message(b"a", b"<html>"), b'{"error":{"type":"a"}}'),
        (exception_message(b"a", b""), b'{"error":{"type":"a"}}'),
        (message(text_header(b":message-type", b"exception"), b"{}"), b'{"error":{}}'),
        (
            message(
                ERROR + text_header(b":error-code", b"500") + text_header(b":error-message", b"\xff"), b"x"
            ),
            '{"error":{"type":"500","message":"\ufffd"}}'.encode(),
        ),
        (message(ERROR, b""), b'{"error":{}}'),
    ],
)
def test_exceptions_and_errors_are_errors(raw: bytes, error: bytes) -> None:
    """What the framing marks as gone wrong has one shape: its type, its message where one is told."""
    assert events_of(AwsEventStreamFramer(), [raw]) == [Event(error, b"error")]


def test_event_is_given_with_its_last_byte() -> None:
    """An event waits for its checksum, and for nothing else."""
    framer = AwsEventStreamFramer()

    assert framer.feed(STOP[:-1]) == []
    assert framer.feed(STOP[-1:] + STOP[:5]) == [STOP_EVENT]
    assert framer.finish() == []


@pytest.mark.parametrize("place", range(12, len(STOP)))
@pytest.mark.parametrize("size", [1, 10**6])
def test_message_with_a_wrong_checksum_is_dropped(place: int, size: int) -> None:
    """One bit turned in headers, payload or checksum loses that message alone."""
    framer = AwsEventStreamFramer()

    assert events_of(framer, pieces_of(STOP + damaged(STOP, place) + STOP, size)) == [STOP_EVENT] * 2
    assert framer.given_up == 1


@pytest.mark.parametrize(
    "wrong",
    [
        *(damaged(STOP, place) for place in range(12)),
        prelude(15, 0),
        prelude(16, 1),
        prelude(200 * 1024, 128 * 1024 + 1),
        prelude(24 * 1024 * 1024 + 17, 0),
        b"HTTP/1.1 502 Bad Gateway",
    ],
)
@pytest.mark.parametrize("size", [1, 10**6])
def test_nothing_is_read_after_a_wrong_prelude(wrong: bytes, size: int) -> None:
    """Where the next message begins is not known then: what follows is ignored, counted once."""
    framer = AwsEventStreamFramer()

    assert events_of(framer, pieces_of(STOP + wrong + STOP + wrong, size)) == [STOP_EVENT]
    assert framer.given_up == 1


@pytest.mark.parametrize("size", [1, 4096, 10**6])
def test_long_payload_keeps_both_ends(size: int) -> None:
    """A payload too long to hold is checked whole and given by its ends; the next one is whole."""
    payload = b'{"text":"' + b"x" * 2 * MAX_EVENT_BYTES + b'","usage":7}'
    raw = message(text_header(b":event-type", b"chunk"), payload)
    framer = AwsEventStreamFramer()

    assert events_of(framer, pieces_of(raw + damaged(raw, 70_000) + STOP, size)) == [
        Event(payload[:HEAD_BYTES], b"chunk", payload[-TAIL_BYTES:]),
        STOP_EVENT,
    ]
    assert framer.given_up == 1


@pytest.mark.parametrize("size", [1000, 10**6])
def test_long_headers_are_read_from_their_beginning(size: int) -> None:
    """Of headers too long to hold, the first are read; the length at which they are refused is botocore's."""
    padding = header(b"padding", 6, struct.pack(">H", 60_000) + bytes(60_000))
    raw = message(text_header(b":event-type", b"chunk") + padding * 2, b"{}")

    assert events_of(AwsEventStreamFramer(), pieces_of(raw, size)) == [Event(b"{}", b"chunk")]
