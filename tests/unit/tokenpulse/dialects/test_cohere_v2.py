"""What Cohere's version 2 events and answers mean."""

from typing import Any

import pytest

from tests.support.dialect_events import read_events
from tokenpulse.dialects.cohere_v2 import CohereV2
from tokenpulse.dialects.facts import AnswerFacts, Content, ErrorFacts, EventFacts, RequestFacts, Usage
from tokenpulse.requests.endpoints import Endpoints

COHERE = CohereV2()
USAGE = {
    "billed_units": {"input_tokens": 8, "output_tokens": 4},
    "tokens": {"input_tokens": 1394, "output_tokens": 6},
    "cached_tokens": 1300,
}


def delta(kind: str, **message: Any) -> dict[str, Any]:
    return {"type": kind, "index": 0, "delta": {"message": message}}


def call(**function: str) -> dict[str, Any]:
    return {"id": "c1", "type": "function", "function": function}


@pytest.mark.parametrize(
    ("event", "content"),
    [
        (delta("message-start", role="assistant", content=[], tool_plan="", tool_calls=[]), Content.NONE),
        (delta("content-start", content={"type": "text", "text": ""}), Content.NONE),
        (delta("content-start", content={"type": "text", "text": "a"}), Content.VISIBLE),
        (delta("content-start", content={"type": "thinking", "thinking": ""}), Content.NONE),
        (delta("content-delta", content={"text": "a"}), Content.VISIBLE),
        (delta("content-delta", content={"thinking": "hm"}), Content.REASONING),
        (delta("content-delta", content={"text": 7}), Content.NONE),
        (delta("content-delta", content="odd"), Content.NONE),
        ({"type": "content-end", "index": 0}, Content.NONE),
        (delta("tool-plan-delta", tool_plan="I will look"), Content.REASONING),
        (delta("tool-call-start", tool_calls=call(name="clock", arguments="")), Content.VISIBLE),
        (delta("tool-call-delta", tool_calls=call(arguments="{")), Content.VISIBLE),
        (delta("tool-call-delta", tool_calls=call(arguments="")), Content.NONE),
        (delta("tool-call-delta", tool_calls=[{"function": "odd"}, 7]), Content.NONE),
        ({"type": "tool-call-end", "index": 0}, Content.NONE),
        (delta("citation-start", citations={"start": 0, "end": 4, "text": "Rome"}), Content.NONE),
        ({"type": "citation-end", "index": 0}, Content.NONE),
        ({"type": "debug", "prompt": "text"}, Content.NONE),
        ({"type": ["odd"], "delta": {"message": "odd"}}, Content.NONE),
        ({"type": "content-delta", "delta": "odd"}, Content.NONE),
        ({"message": {"content": "odd"}}, Content.NONE),
        ({}, Content.NONE),
    ],
)
def test_content_of_an_event(event: dict[str, Any], content: Content) -> None:
    """Text and calls are visible, thinking and the plan of calls reasoning; starts, ends, citations nothing."""
    assert COHERE.event(b"", event) == EventFacts(content)


def test_a_stream() -> None:
    """Thinking, text, then the end with reason and usage; no model is named."""
    facts = read_events(
        COHERE,
        delta("message-start", role="assistant", content=[]),
        delta("content-start", content={"type": "thinking", "thinking": ""}),
        delta("content-delta", content={"thinking": "hm"}),
        delta("content-delta", content={"text": "Noon."}),
        {"type": "content-end", "index": 0},
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": USAGE}},
    )

    assert (facts.first_content_at, facts.first_visible_at, facts.last_content_at) == (2.0, 3.0, 3.0)
    assert facts.usage == Usage(1394, 6, 1300, is_whole=True, billed_input=8, billed_output=4)
    assert (facts.finishes, facts.is_terminated, facts.model) == ({0: "COMPLETE"}, True, None)


@pytest.mark.parametrize("reason", ["COMPLETE", "STOP_SEQUENCE", "MAX_TOKENS", "TOOL_CALL"])
def test_finish_reasons(reason: str) -> None:
    """These reasons end an answer well."""
    assert COHERE.event(b"", {"type": "message-end", "delta": {"finish_reason": reason}}) == EventFacts(
        finishes=((0, reason),), is_terminal=True
    )
    assert COHERE.answer({"finish_reason": reason}, False) == AnswerFacts(None, reason)


@pytest.mark.parametrize(
    ("end", "error"),
    [
        ({"finish_reason": "ERROR"}, ErrorFacts(code="ERROR")),
        (
            {"finish_reason": "ERROR", "error": "out of memory"},
            ErrorFacts(code="ERROR", message="out of memory"),
        ),
        ({"finish_reason": "TIMEOUT"}, ErrorFacts(code="TIMEOUT")),
        ({"finish_reason": "ERROR_TOXIC"}, ErrorFacts(code="ERROR_TOXIC", is_callers=True)),
        ({"finish_reason": "ERROR_LIMIT"}, ErrorFacts(code="ERROR_LIMIT", is_callers=True)),
        ({"finish_reason": "COMPLETE", "error": "late"}, ErrorFacts(message="late")),
        ({"error": {"type": "overloaded", "code": 503}}, ErrorFacts("overloaded", "503")),
        ({"finish_reason": ["odd"]}, None),
    ],
)
def test_failures_at_the_end(end: dict[str, Any], error: ErrorFacts | None) -> None:
    """A stream of status 200 can end in a failure, by its reason or by an error beside it."""
    facts = COHERE.event(b"", {"type": "message-end", "delta": end})

    assert (facts.error, facts.is_terminal) == (error, True)


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"id": "i", "message": "invalid api token"}, ErrorFacts(message="invalid api token")),
        (
            {"error_type": "TOO_MANY_TOKENS", "id": "i", "message": "too many tokens"},
            ErrorFacts("TOO_MANY_TOKENS", None, "too many tokens"),
        ),
        ({"error": {"type": "t", "message": "m"}, "error_type": "u"}, ErrorFacts("t", None, "m")),
        ({"error_type": 7, "message": "m"}, ErrorFacts(message="m")),
        ({"finish_reason": "ERROR", "message": {"content": []}}, ErrorFacts()),
    ],
)
def test_failed_answers(body: dict[str, Any], error: ErrorFacts) -> None:
    """A failure has a message, sometimes a type of Cohere's own."""
    assert COHERE.answer(body, True).error == error


def test_errors_at_status_200() -> None:
    """An answer can fail by its finish reason, a stream by an event in the shape of a failed answer."""
    broken = EventFacts(error=ErrorFacts(message="broken"))

    assert COHERE.answer({"finish_reason": "ERROR"}, False).error == ErrorFacts(code="ERROR")
    assert COHERE.event(b"", {"id": "i", "message": "broken"}) == broken
    assert COHERE.event(b"", {"error": "broken"}) == broken
    assert COHERE.event(b"error", {"type": "x", "message": "broken"}).error == ErrorFacts("x", None, "broken")


def test_an_answer() -> None:
    """An answer tells finish reason and usage, no model."""
    body = {
        "id": "i",
        "message": {"role": "assistant", "content": [{"type": "text", "text": "Noon."}]},
        "finish_reason": "COMPLETE",
        "usage": USAGE,
    }

    assert COHERE.answer(body, False) == AnswerFacts(
        None, "COMPLETE", Usage(1394, 6, 1300, is_whole=True, billed_input=8, billed_output=4)
    )


def test_text() -> None:
    """Text is the plan, thinking, text, arguments, of a delta as of a whole message."""
    message = {
        "tool_plan": "I will look. ",
        "content": [{"thinking": "hm "}, {"text": "Noon. "}, 7],
        "tool_calls": [call(name="clock", arguments='{"city":"Rome"}')],
    }

    assert COHERE.text({"message": message}) == 'I will look. hm Noon. {"city":"Rome"}'
    assert COHERE.text(delta("content-delta", content={"text": "Noon."})) == "Noon."
    assert COHERE.text({"message": "broken"}) == ""


def test_content_events_by_their_bytes() -> None:
    """Content is counted by bytes that stand once in every delta, whatever it brings, and in no start or end."""
    mark = COHERE.marks.content

    assert b'event: content-delta\ndata: {"type":"content-delta"}'.count(mark) == 1
    assert b'event: tool-call-delta\ndata: {"type":"tool-call-delta"}'.count(mark) == 1
    assert b'event: message-end\ndata: {"type":"message-end"}'.count(mark) == 0


def test_requests() -> None:
    """The body names model and stream, the path the dialect."""
    assert COHERE.request({"model": "command-a", "stream": True}) == RequestFacts("command-a", True)

    endpoint = Endpoints([COHERE]).find("/proxy/v2/chat")

    assert endpoint is not None
    assert endpoint.dialect is COHERE
