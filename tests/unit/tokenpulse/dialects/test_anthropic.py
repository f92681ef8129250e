"""What the bodies of Anthropic's messages mean: content, usage, finish, errors, requests."""

from typing import Any

import pytest

from tests.support.dialect_events import read_events
from tokenpulse.dialects.anthropic import AnthropicMessages
from tokenpulse.dialects.facts import (
    NO_FACTS,
    AnswerFacts,
    Content,
    ErrorFacts,
    EventFacts,
    RequestFacts,
    Usage,
)
from tokenpulse.requests.endpoints import Endpoints

ANTHROPIC = AnthropicMessages()
OVERLOADED = {"type": "error", "error": {"type": "overloaded_error", "message": "Overloaded"}}


def delta(**fields: Any) -> dict[str, Any]:
    return {"type": "content_block_delta", "index": 0, "delta": fields}


def block(**fields: Any) -> dict[str, Any]:
    return {"type": "content_block_start", "index": 0, "content_block": fields}


def start(**usage: Any) -> dict[str, Any]:
    message = {"id": "msg_1", "type": "message", "model": "claude-x", "content": [], "stop_reason": None}
    return {"type": "message_start", "message": {**message, "usage": usage}}


def end(reason: str | None, **usage: Any) -> dict[str, Any]:
    return {
        "type": "message_delta",
        "delta": {"stop_reason": reason, "stop_sequence": None},
        "usage": usage,
    }


STOP = {"type": "message_stop"}


@pytest.mark.parametrize(
    ("event", "content"),
    [
        (delta(type="text_delta", text="It"), Content.VISIBLE),
        (delta(type="text_delta", text=""), Content.NONE),
        (delta(type="text_delta", text=7), Content.NONE),
        (delta(type="input_json_delta", partial_json='{"a"'), Content.VISIBLE),
        (delta(type="input_json_delta", partial_json=""), Content.NONE),
        (delta(type="thinking_delta", thinking="hm"), Content.REASONING),
        (delta(type="thinking_delta", thinking=""), Content.NONE),
        (delta(type="compaction_delta", content="So far", encrypted_content="b3Bh"), Content.REASONING),
        (delta(type="compaction_delta", content=None), Content.NONE),
        (delta(type="signature_delta", signature="c2ln"), Content.NONE),
        (delta(type="citations_delta", citation={"cited_text": "noon"}), Content.NONE),
        ({"type": "content_block_delta", "delta": "odd"}, Content.NONE),
        (block(type="text", text=""), Content.NONE),
        (block(type="text", text="It"), Content.VISIBLE),
        (block(type="thinking", thinking="", signature=""), Content.NONE),
        (block(type="thinking", thinking="hm"), Content.REASONING),
        (block(type="redacted_thinking", data="b3Bh"), Content.REASONING),
        (block(type="tool_use", id="t", name="clock", input={}), Content.VISIBLE),
        (block(type="server_tool_use", id="t", name="web_search", input={}), Content.VISIBLE),
        (block(type="mcp_tool_use", id="t", name="clock", input={}), Content.VISIBLE),
        (block(type="tool_use", id="t"), Content.NONE),
        (block(type="web_search_tool_result", content=[{"title": "Noon"}]), Content.NONE),
        (block(type="mcp_tool_result", content="12:00"), Content.NONE),
        (block(type="fallback", to={"model": "claude-y"}), Content.NONE),
        (block(type=7), Content.NONE),
        ({"type": "content_block_start", "content_block": None}, Content.NONE),
        ({"type": "content_block_stop", "index": 0}, Content.NONE),
        ({"type": "ping"}, Content.NONE),
        ({"type": ["odd"]}, Content.NONE),
        ({}, Content.NONE),
    ],
)
def test_content_of_an_event(event: dict[str, Any], content: Content) -> None:
    """Text, call arguments, a call's start are content; thinking is reasoning; nothing else counts."""
    assert ANTHROPIC.event(b"", event) == NO_FACTS._replace(content=content)


def test_start_tells_model_and_usage() -> None:
    """The first event names the model; its usage needs no older one."""
    told = ANTHROPIC.event(b"message_start", start(input_tokens=25, output_tokens=1))

    assert told == EventFacts(
        model="claude-x",
        usage=Usage(tokens_input=25, tokens_output=1, input_lacks_cache=True, is_whole=True),
    )


@pytest.mark.parametrize("reason", ["end_turn", "tool_use", "max_tokens", "refusal", "pause_turn"])
def test_finish_reason(reason: str) -> None:
    """The reason is the wire's word; a refusal is a finish like any other."""
    told = ANTHROPIC.event(b"message_delta", end(reason, output_tokens=9))

    assert told == EventFacts(finishes=((0, reason),), usage=Usage(tokens_output=9, input_lacks_cache=True))


@pytest.mark.parametrize(
    "event",
    [
        {"type": "message_start", "message": None},
        {"type": "message_start", "message": {"model": "", "usage": None}},
        {"type": "message_delta", "delta": None, "usage": "odd"},
        {"type": "message_delta", "delta": {"stop_reason": None}},
        {"type": "message_delta", "delta": {"stop_reason": 7}},
        {"type": "later_than_us", "delta": {"text": "a"}},
    ],
)
def test_events_that_say_nothing(event: dict[str, Any]) -> None:
    """Gaps, odd shapes, kinds not known yet tell nothing."""
    assert ANTHROPIC.event(b"", event) == NO_FACTS


@pytest.mark.parametrize(
    ("name", "event", "error"),
    [
        (b"error", OVERLOADED, ErrorFacts("overloaded_error", None, "Overloaded")),
        (b"", OVERLOADED, ErrorFacts("overloaded_error", None, "Overloaded")),
        (b"", {"error": {"type": "api_error", "message": "m"}}, ErrorFacts("api_error", None, "m")),
        (b"error", {"message": "cut off"}, ErrorFacts(None, None, "cut off")),
        (b"", {"error": None}, None),
    ],
)
def test_errors_within_a_stream(name: bytes, event: dict[str, Any], error: ErrorFacts | None) -> None:
    """An error counts by its type, by its key, by the name the framing gives it."""
    assert ANTHROPIC.event(name, event) == NO_FACTS._replace(error=error)


def test_a_stream() -> None:
    """Usage of the start and the end become one; first content is the thinking, first visible the text."""
    facts = read_events(
        ANTHROPIC,
        start(input_tokens=25, cache_read_input_tokens=400, cache_creation_input_tokens=30, output_tokens=1),
        block(type="thinking", thinking=""),
        {"type": "ping"},
        delta(type="thinking_delta", thinking="hm"),
        delta(type="signature_delta", signature="c2ln"),
        block(type="text", text=""),
        delta(type="text_delta", text="Noon"),
        delta(type="text_delta", text="."),
        end("end_turn", output_tokens=31, output_tokens_details={"thinking_tokens": 20}),
        STOP,
    )

    assert (facts.first_content_at, facts.first_visible_at, facts.last_content_at) == (3.0, 6.0, 7.0)
    assert (facts.model, facts.finishes, facts.is_terminated) == ("claude-x", {0: "end_turn"}, True)
    assert facts.usage is not None
    assert facts.usage.normalised() == Usage(
        tokens_input=455,
        tokens_output=31,
        tokens_cached=400,
        tokens_cache_write=30,
        tokens_reasoning=20,
        is_whole=True,
    )


def test_a_second_message_within_a_stream() -> None:
    """A message that starts anew has a usage of its own: nothing of the first one is left in it."""
    facts = read_events(
        ANTHROPIC,
        start(input_tokens=25, cache_read_input_tokens=400, output_tokens=1),
        end("tool_use", output_tokens=50),
        STOP,
        start(input_tokens=60, output_tokens=1),
        end("end_turn", output_tokens=7),
        STOP,
    )

    assert facts.finishes == {0: "end_turn"}
    assert facts.usage == Usage(tokens_input=60, tokens_output=7, input_lacks_cache=True, is_whole=True)


@pytest.mark.parametrize(
    ("body", "is_failure", "facts"),
    [
        (
            {"model": "claude-x", "stop_reason": "end_turn", "usage": {"input_tokens": 2}},
            False,
            AnswerFacts("claude-x", "end_turn", Usage(tokens_input=2, input_lacks_cache=True, is_whole=True)),
        ),
        (OVERLOADED, True, AnswerFacts(error=ErrorFacts("overloaded_error", None, "Overloaded"))),
        (OVERLOADED, False, AnswerFacts(error=ErrorFacts("overloaded_error", None, "Overloaded"))),
        (
            {"error": {"code": 404, "message": "m", "status": "NOT_FOUND"}},
            True,
            AnswerFacts(error=ErrorFacts("NOT_FOUND", "404", "m")),
        ),
        ({"model": 7, "stop_reason": 7, "usage": 7, "content": 7}, False, AnswerFacts()),
    ],
)
def test_answers(body: dict[str, Any], is_failure: bool, facts: AnswerFacts) -> None:
    """A whole message tells model, stop reason, usage; an error is one at any status."""
    assert ANTHROPIC.answer(body, is_failure) == facts


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        ({"model": "claude-x", "stream": True, "messages": []}, RequestFacts("claude-x", True)),
        ({"anthropic_version": "vertex-2023-10-16"}, RequestFacts()),
        ({"model": 7}, RequestFacts(has_bad_model=True)),
    ],
)
def test_requests(body: dict[str, Any], facts: RequestFacts) -> None:
    """On Vertex the path names the model, the body none."""
    assert ANTHROPIC.request(body) == facts
    assert ANTHROPIC.for_request(body) is ANTHROPIC


VERTEX = "/v1/projects/p/locations/eu/publishers/anthropic/models/"


@pytest.mark.parametrize(
    ("path", "model", "is_stream"),
    [
        ("/v1/messages", None, None),
        ("/anthropic/v1/messages", None, None),
        (VERTEX + "claude-x@20250101:rawPredict", "claude-x@20250101", None),
        (VERTEX + "claude-x@20250101:streamRawPredict", "claude-x@20250101", True),
    ],
)
def test_paths(path: str, model: str | None, is_stream: bool | None) -> None:
    """Messages are spoken under any prefix; Vertex names the model in the path."""
    endpoint = Endpoints([ANTHROPIC]).find(path)

    assert endpoint is not None
    assert (endpoint.dialect, endpoint.path_model, endpoint.is_stream) == (ANTHROPIC, model, is_stream)


@pytest.mark.parametrize(
    "path",
    ["/v1/threads/t_1/messages", "/v1/messages/count_tokens", "/v1/messages/batches", "/v1/messages/"],
)
def test_paths_of_others(path: str) -> None:
    """A thread's messages, token counting, batches are no messages to be measured."""
    assert Endpoints([ANTHROPIC]).find(path) is None


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (delta(type="text_delta", text="It is "), "It is "),
        (delta(type="thinking_delta", thinking="hm"), "hm"),
        (delta(type="input_json_delta", partial_json='{"a"'), '{"a"'),
        (delta(type="compaction_delta", content="So far"), "So far"),
        (block(type="tool_use", name="clock", input={}), ""),
        (
            {
                "content": [
                    {"type": "thinking", "thinking": "hm", "signature": "c2ln"},
                    {"type": "text", "text": "Noon."},
                    {"type": "tool_use", "name": "clock", "input": {"zone": "UTC"}},
                    {"type": "web_search_tool_result", "content": [{"title": "Noon"}]},
                    "odd",
                ]
            },
            'hmNoon.{"zone":"UTC"}',
        ),
        ({"content": "odd", "delta": 7}, ""),
    ],
)
def test_text(body: dict[str, Any], text: str) -> None:
    """Text is what the model wrote: thinking, answer, arguments; not what a tool found."""
    assert ANTHROPIC.text(body) == text


def test_a_delta_too_long_to_keep() -> None:
    """Its head tells that it brings content, and the beginning of what."""
    head = b'{"type":"content_block_delta","index":1,"delta":{"type":"input_json_delta","partial_json":"{\\"a'
    body = ANTHROPIC.abridged(head, b'zzz"}}')

    assert body is not None
    assert ANTHROPIC.event(b"", body) == EventFacts(Content.VISIBLE)
    assert ANTHROPIC.text(body) == "{\\"


def test_other_bodies_too_long_to_keep() -> None:
    """A tool's long result is no content; a long answer tells model, stop reason, usage from its ends."""
    result = ANTHROPIC.abridged(b'{"type":"content_block_start","content_block":{"type":"web_sea', b'"}]}}')
    empty = ANTHROPIC.abridged(b'{"type":"content_block_delta","delta":{"type":"signature_delta"', b'"}}')
    answer = ANTHROPIC.abridged(
        b'{"model":"claude-x","type":"message","content":[{"type":"text","text":"It',
        b'."}],"stop_reason":"end_turn","usage":{"input_tokens":5}}',
    )

    assert result is not None
    assert empty is not None
    assert answer is not None
    assert ANTHROPIC.event(b"", result) == ANTHROPIC.event(b"", empty) == NO_FACTS
    assert ANTHROPIC.answer(answer, False) == AnswerFacts(
        "claude-x", "end_turn", Usage(tokens_input=5, input_lacks_cache=True, is_whole=True)
    )
