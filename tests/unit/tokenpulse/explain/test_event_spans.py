"""Where the events of a body stand."""

import pytest

from tests.support.aws_messages import event_message
from tests.support.kept_answers import ANTHROPIC, BEDROCK, BEDROCK_MESSAGES, GEMINI, OLLAMA, OPENAI
from tokenpulse.explain.event_spans import event_spans
from tokenpulse.framing.sse import SseFramer
from tokenpulse.reading.stream_framing import Framing, framer_of


def cut(body: bytes, framing: Framing) -> list[bytes | None]:
    """Return the bytes of every event; None for one that cannot be read."""
    return [
        None if span.event is None else body[span.start : span.end] for span in event_spans(body, framing)
    ]


@pytest.mark.parametrize(
    ("body", "framing"),
    [
        (OPENAI, Framing.SSE),
        (ANTHROPIC, Framing.SSE),
        (ANTHROPIC.replace(b"\n", b"\r\n"), Framing.SSE),
        (OLLAMA, Framing.NDJSON),
        (GEMINI, Framing.JSON_ARRAY),
        (BEDROCK, Framing.AWS_EVENT_STREAM),
    ],
)
def test_events_are_those_of_the_framer(body: bytes, framing: Framing) -> None:
    """Cutting where an event may end gives the events that the framer makes of the whole body."""
    framer = framer_of(framing) or SseFramer()

    assert [span.event for span in event_spans(body, framing)] == framer.feed(body) + framer.finish()


@pytest.mark.parametrize("end", [b"\n", b"\r\n", b"\r"])
def test_comments_belong_to_no_event(end: bytes) -> None:
    """A comment of its own stands before the event, whatever ends the lines."""
    body = end.join((b": wait", b"", b"data: 1", b"", b"", b": on", b"data: 2", b"", b": end", b""))

    assert cut(body, Framing.SSE) == [
        end.join((b"data: 1", b"", b"")),
        end.join((b": on", b"data: 2", b"", b"")),
    ]


@pytest.mark.parametrize(
    ("body", "framing", "events"),
    [
        (b"data: 1\n\ndata: 2", Framing.SSE, [b"data: 1\n\n", b"data: 2"]),
        (b'{"a":1}\n\n{"b":', Framing.NDJSON, [b'{"a":1}\n', b'{"b":']),
        (b"", Framing.NDJSON, []),
        (b'[{"a":[1,{}]},\n 2, {"],":3}]\n', Framing.JSON_ARRAY, [b'{"a":[1,{}]}', b"2,", b'{"],":3}']),
        (b'[{"a":1},{"b"', Framing.JSON_ARRAY, [b'{"a":1}', None]),
        (b'\xef\xbb\xbf[{"a":1}] after', Framing.JSON_ARRAY, [b'{"a":1}']),
        (BEDROCK_MESSAGES[0] + b"\0\0\0\x99half", Framing.AWS_EVENT_STREAM, [BEDROCK_MESSAGES[0], None]),
    ],
)  # fmt: skip
def test_what_the_end_leaves(body: bytes, framing: Framing, events: list[bytes | None]) -> None:
    """The last event counts without its end where it can be read; a broken rest is shown as such."""
    assert cut(body, framing) == events


def test_broken_messages_are_shown() -> None:
    """A message with a wrong checksum is one event that cannot be read; after a wrong length all are lost."""
    wrong = event_message(b"messageStart", {"role": "assistant"})[:-1] + b"\xff"
    body = wrong + BEDROCK_MESSAGES[1]

    assert cut(body, Framing.AWS_EVENT_STREAM) == [None, BEDROCK_MESSAGES[1]]
    assert [(span.start, span.end) for span in event_spans(body, Framing.AWS_EVENT_STREAM)] == [
        (0, len(wrong)),
        (len(wrong), len(body)),
    ]
    assert cut(b"\0\0\0\x03" + BEDROCK_MESSAGES[1], Framing.AWS_EVENT_STREAM) == [None, None]
