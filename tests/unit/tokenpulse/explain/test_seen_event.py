"""What the events of an answer say."""

import orjson
import pytest

from tests.support.answers import chat_answer
from tests.support.kept_answers import ANTHROPIC, BEDROCK, GEMINI, OPENAI, RESPONSES
from tokenpulse.dialects.anthropic import AnthropicMessages
from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.bedrock_converse import BedrockConverse
from tokenpulse.dialects.facts import Content
from tokenpulse.dialects.gemini import GeminiGenerate
from tokenpulse.dialects.openai_chat import OpenAIChat
from tokenpulse.dialects.openai_responses import OpenAIResponses
from tokenpulse.explain.exchange import Exchange
from tokenpulse.explain.seen_event import SeenEvent, answer_framing, seen_events
from tokenpulse.reading.stream_framing import Framing

SSE = (b"content-type", b"text/event-stream")
GZIP = (b"content-encoding", b"gzip")


def seen(body: bytes, dialect: Dialect, status: int = 200) -> list[SeenEvent]:
    """Return the events of an answer of which only the body was kept."""
    exchange = Exchange(body, status=status)
    return seen_events(exchange, answer_framing(exchange, True), dialect)


@pytest.mark.parametrize(
    ("exchange", "framing"),
    [
        (Exchange(b"", headers=(SSE,)), Framing.SSE),
        (Exchange(b"{}", status=500, headers=(SSE,)), Framing.SSE),
        (Exchange(b"data: {}", status=500), Framing.JSON),
        (Exchange(OPENAI), Framing.SSE),
        (Exchange(GEMINI), Framing.JSON_ARRAY),
        (Exchange(b"??", headers=(SSE, GZIP)), None),
    ],
)
def test_framing(exchange: Exchange, framing: Framing | None) -> None:
    """By content type, else by the first bytes; a failure is JSON; an encoding hides it."""
    assert answer_framing(exchange, True) is framing


def test_encoded_bodies_show_no_event() -> None:
    """What cannot be decoded has no events."""
    assert seen_events(Exchange(b"??", headers=(GZIP,)), None, OpenAIChat()) == []


@pytest.mark.parametrize(
    ("body", "dialect", "names"),
    [
        (OPENAI, OpenAIChat(), ["chat.completion.chunk"] * 5 + ["", "[DONE]"]),
        (BEDROCK, BedrockConverse(), ["messageStart", "contentBlockDelta", "messageStop", "metadata"]),
        (GEMINI, GeminiGenerate(), ["", ""]),
        (b'data: {"type":"a\\u001b[1m"}\n\ndata: {"type":7}', OpenAIChat(), ["a\ufffd[1m", ""]),
    ],
)
def test_names(body: bytes, dialect: Dialect, names: list[str]) -> None:
    """The framing's name, else the kind in the body, printable; "" without one."""
    assert [event.name for event in seen(body, dialect)] == names


def test_texts_and_contents_of_a_stream() -> None:
    """Reasoning and visible content are told apart; the text is what the model said in the event."""
    events = seen(ANTHROPIC, AnthropicMessages())

    assert [(event.number, event.text) for event in events if event.text] == [
        (3, "well"),
        (4, "Good"),
        (5, " day"),
    ]
    assert [event.facts.content for event in events if event.facts and event.facts.content] == [
        Content.REASONING,
        Content.VISIBLE,
        Content.VISIBLE,
    ]


def test_repeats_are_no_content() -> None:
    """What the middleware passes over after the first visible content counts as none: a finished text's repeat."""
    contents = [event.facts.content for event in seen(RESPONSES, OpenAIResponses()) if event.facts]

    assert contents == [Content.NONE, Content.VISIBLE, Content.VISIBLE, Content.NONE, Content.NONE]


def test_json_answers_are_one_event() -> None:
    """A JSON answer's facts, its kind, its text; it has no first content."""
    (event,) = seen(chat_answer(), OpenAIChat())

    assert (event.start, event.end, event.name, event.text) == (0, 326, "chat.completion", "done")
    assert event.facts is not None
    assert (event.facts.model, event.facts.finishes) == ("gpt-4o-2024-11-20", ((0, "stop"),))
    assert (event.facts.content, event.facts.error) == (Content.NONE, None)
    assert event.facts.usage is not None
    assert event.facts.usage.tokens_input == 12


def test_failures_have_their_error() -> None:
    """The body of a failed request tells its error."""
    (event,) = seen(b'{"error":{"type":"overloaded","message":"later"}}', OpenAIChat(), status=529)

    assert event.facts is not None
    assert event.facts.error is not None
    assert event.facts.error.type == "overloaded"


def test_long_answers_are_read_at_their_ends() -> None:
    """Of a JSON answer too long to keep, usage and model are told, no text."""
    long = orjson.loads(chat_answer())
    long["choices"][0]["message"]["content"] = "x" * 300_000
    (event,) = seen(orjson.dumps(long), OpenAIChat())

    assert event.facts is not None
    assert event.facts.usage is not None
    assert (event.facts.usage.tokens_output, event.facts.model, event.text) == (7, "gpt-4o-2024-11-20", "")


def test_long_events_have_no_text() -> None:
    """Of an event too long to keep, its facts are told, no text."""
    chunk = {"model": "m", "choices": [{"delta": {"content": "x" * 70_000}}]}
    (event,) = seen(b"data: " + orjson.dumps(chunk) + b"\n\n", OpenAIChat())

    assert event.facts is not None
    assert (event.facts.model, event.text) == ("m", "")


@pytest.mark.parametrize(
    ("body", "is_last"), [(b'{"model":"m","cho', True), (b"<html>502</html>", False), (b"   ", None)]
)
def test_bodies_that_are_no_json(body: bytes, is_last: bool | None) -> None:
    """Cut JSON breaks off, other text cannot be read, an empty body is no event."""
    events = seen(body, OpenAIChat())

    assert [(event.facts, event.is_last) for event in events] == (
        [] if is_last is None else [(None, is_last)]
    )


def test_rests_that_are_no_event_are_shown() -> None:
    """An element that the body's end cuts off has no facts."""
    events = seen(GEMINI[:-40], GeminiGenerate())

    assert [(event.facts is None, event.is_last) for event in events] == [(False, False), (True, True)]
