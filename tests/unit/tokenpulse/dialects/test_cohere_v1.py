"""What Cohere's version 1 lines and answers mean."""

from typing import Any

import orjson
import pytest

from tests.support.dialect_events import read_events
from tokenpulse.dialects.cohere_v1 import CohereV1
from tokenpulse.dialects.facts import AnswerFacts, Content, ErrorFacts, EventFacts, RequestFacts, Usage
from tokenpulse.requests.endpoints import Endpoints

COHERE = CohereV1()
META = {
    "api_version": {"version": "1"},
    "billed_units": {"input_tokens": 6, "output_tokens": 4},
    "tokens": {"input_tokens": 70, "output_tokens": 5},
}
USAGE = Usage(70, 5, is_whole=True, billed_input=6, billed_output=4)
CALL = {"name": "clock", "parameters": {"city": "Rome"}}


@pytest.mark.parametrize(
    ("line", "content"),
    [
        ({"event_type": "stream-start", "generation_id": "g"}, Content.NONE),
        ({"event_type": "search-queries-generation", "search_queries": [{"text": "time"}]}, Content.NONE),
        ({"event_type": "search-results", "documents": []}, Content.NONE),
        ({"event_type": "text-generation", "text": "a"}, Content.VISIBLE),
        ({"event_type": "text-generation", "text": ""}, Content.NONE),
        ({"text": "a", "index": 0, "is_finished": False}, Content.VISIBLE),
        ({"event_type": "citation-generation", "citations": [{"text": "Rome"}]}, Content.NONE),
        ({"event_type": "tool-calls-chunk", "text": "I will look"}, Content.REASONING),
        ({"event_type": "tool-calls-chunk", "tool_call_delta": {"text": "I will"}}, Content.REASONING),
        ({"event_type": "tool-calls-chunk", "tool_call_delta": {"name": "clock"}}, Content.VISIBLE),
        ({"event_type": "tool-calls-chunk", "tool_call_delta": {"parameters": "{"}}, Content.VISIBLE),
        ({"event_type": "tool-calls-chunk", "tool_call_delta": {"index": 0}}, Content.NONE),
        ({"event_type": "tool-calls-chunk", "tool_call_delta": "odd"}, Content.NONE),
        ({"event_type": "tool-calls-generation", "tool_calls": [CALL]}, Content.VISIBLE),
        ({"event_type": "tool-calls-generation", "tool_calls": []}, Content.NONE),
        ({"event_type": "debug", "prompt": "text"}, Content.NONE),
        ({"event_type": ["odd"], "text": "a"}, Content.NONE),
        ({}, Content.NONE),
    ],
)
def test_content_of_a_line(line: dict[str, Any], content: Content) -> None:
    """Text and calls are visible, the plan of calls is reasoning; searches and citations are nothing."""
    assert COHERE.event(b"", line) == EventFacts(content)


def test_a_stream() -> None:
    """The end carries the whole answer with its usage; what it repeats is no content."""
    facts = read_events(
        COHERE,
        {"is_finished": False, "event_type": "stream-start", "generation_id": "g"},
        {"is_finished": False, "event_type": "text-generation", "text": "It is"},
        {"is_finished": False, "event_type": "text-generation", "text": " noon."},
        {
            "is_finished": True,
            "event_type": "stream-end",
            "finish_reason": "COMPLETE",
            "response": {"text": "It is noon.", "finish_reason": "COMPLETE", "meta": META},
        },
    )

    assert (facts.first_content_at, facts.last_content_at) == (1.0, 2.0)
    assert (facts.finishes, facts.is_terminated, facts.usage) == ({0: "COMPLETE"}, True, USAGE)


@pytest.mark.parametrize(
    ("end", "facts"),
    [
        (
            {"event_type": "stream-end", "response": {"generations": [{"finish_reason": "MAX_TOKENS"}]}},
            EventFacts(finishes=((0, "MAX_TOKENS"),), is_terminal=True),
        ),
        (
            {"is_finished": True, "finish_reason": "COMPLETE", "meta": META},
            EventFacts(usage=USAGE, finishes=((0, "COMPLETE"),), is_terminal=True),
        ),
        (
            {"event_type": "stream-end", "finish_reason": "ERROR", "response": "odd"},
            EventFacts(finishes=((0, "ERROR"),), error=ErrorFacts(code="ERROR"), is_terminal=True),
        ),
        (
            {"event_type": "stream-error", "finish_reason": "ERROR_TOXIC", "err": "filtered"},
            EventFacts(
                finishes=((0, "ERROR_TOXIC"),),
                error=ErrorFacts(code="ERROR_TOXIC", message="filtered", is_callers=True),
                is_terminal=True,
            ),
        ),
        ({"event_type": "stream-error"}, EventFacts(error=ErrorFacts(), is_terminal=True)),
        ({"event_type": "stream-end"}, EventFacts(is_terminal=True)),
    ],
)
def test_ends(end: dict[str, Any], facts: EventFacts) -> None:
    """A stream ends by `stream-end`, by `stream-error`, in older versions by `is_finished`."""
    assert COHERE.event(b"", end) == facts


def test_errors() -> None:
    """A failed answer has a message; a line in its shape is an error at status 200."""
    assert COHERE.answer({"message": "invalid api token"}, True).error == ErrorFacts(
        message="invalid api token"
    )
    assert COHERE.event(b"", {"message": "broken"}).error == ErrorFacts(message="broken")
    assert COHERE.event(b"error", {"error": "broken"}).error == ErrorFacts(message="broken")


def test_answers() -> None:
    """Chat states its finish reason and usage at the top, generate the reason by generation."""
    chat = {"text": "Noon.", "finish_reason": "COMPLETE", "meta": META}
    generate = {"generations": [{"text": "Noon.", "finish_reason": "MAX_TOKENS"}], "meta": META}

    assert COHERE.answer(chat, False) == AnswerFacts(None, "COMPLETE", USAGE)
    assert COHERE.answer(generate, False) == AnswerFacts(None, "MAX_TOKENS", USAGE)
    assert COHERE.answer({"generations": ["odd"]}, False) == AnswerFacts()
    assert COHERE.answer({"finish_reason": "TIMEOUT"}, False).error == ErrorFacts(code="TIMEOUT")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"event_type": "text-generation", "text": "Noon."}, "Noon."),
        ({"event_type": "tool-calls-chunk", "tool_call_delta": {"parameters": '{"city'}}, '{"city'),
        ({"event_type": "tool-calls-chunk", "tool_call_delta": {"text": "I will"}}, "I will"),
        ({"event_type": "stream-end", "text": "Noon."}, ""),
        ({"is_finished": True, "response": {"text": "Noon."}}, ""),
        ({"text": "Noon.", "tool_calls": [CALL]}, 'Noon.{"city":"Rome"}'),
        ({"generations": [{"text": "Noon."}, {"text": " One."}]}, "Noon. One."),
        ({"tool_calls": "odd", "generations": "odd"}, ""),
    ],
)
def test_text(body: dict[str, Any], text: str) -> None:
    """Text is what was generated, counted once: the end of a stream repeats it."""
    assert COHERE.text(body) == text


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        ({"message": "a", "model": "command-r", "stream": True}, RequestFacts("command-r", True)),
        ({"prompt": "a", "num_generations": 3}, RequestFacts(choices=3)),
        ({"prompt": "a", "num_generations": True}, RequestFacts()),
    ],
)
def test_requests(body: dict[str, Any], facts: RequestFacts) -> None:
    """The body names model, stream, the number of answers."""
    assert COHERE.request(body) == facts


def test_an_openai_request_on_the_same_path() -> None:
    """Others speak OpenAI's protocol on `/v1/chat`: they ask with `messages`, Cohere with `message`."""
    assert COHERE.for_request({"messages": [], "model": "m"}).name == "openai-chat"
    assert COHERE.for_request({"message": "a"}) is COHERE
    assert COHERE.for_request({"message": "a", "messages": []}) is COHERE


def test_an_end_too_long_to_keep() -> None:
    """The end of a stream repeats documents and history; usage stands at its end, one level deeper."""
    response = {
        "text": "Noon.",
        "documents": [{"meta": {"a": 1}, "text": "x" * 1000}] * 100,
        "finish_reason": "COMPLETE",
        "meta": META,
    }
    end = {"is_finished": True, "event_type": "stream-end", "response": response, "finish_reason": "COMPLETE"}
    data = orjson.dumps(end)
    body = COHERE.abridged(data[: 16 * 1024], data[-32 * 1024 :])

    assert body is not None
    assert COHERE.event(b"", body) == EventFacts(usage=USAGE, finishes=((0, "COMPLETE"),), is_terminal=True)
    assert COHERE.abridged(b'{"text":"', b'"}') == {}


def test_paths() -> None:
    """Chat and generate are told apart by their operation."""
    endpoints = Endpoints([COHERE])
    found = [endpoints.find(path) for path in ("/v1/chat", "/cohere/v1/generate")]

    assert [endpoint.operation for endpoint in found if endpoint is not None] == ["chat", "text_completion"]


def test_marks() -> None:
    """Both spellings of an error are found without parsing."""
    assert COHERE.marks.error.is_set_in(b'{"event_type":"stream-error","err":"filtered"}')
    assert COHERE.marks.error.is_set_in(b'{"error":"filtered"}')
    assert not COHERE.marks.error.is_set_in(b'{"event_type":"stream-end","error":null}')
