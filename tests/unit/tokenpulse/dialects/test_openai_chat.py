"""What OpenAI-shaped chat completions mean: content, usage, finish, errors, text."""

from typing import Any

import orjson
import pytest

from tokenpulse.dialects.facts import Content, ErrorFacts, RequestFacts, Usage
from tokenpulse.dialects.openai_chat import MAX_CHOICES, OpenAIChat

CHAT = OpenAIChat()


def event(body: dict[str, Any]) -> Any:
    return CHAT.event(b"", body)


@pytest.mark.parametrize(
    ("delta", "content"),
    [
        ({"role": "assistant", "content": ""}, Content.NONE),
        ({"role": "assistant", "content": None}, Content.NONE),
        ({}, Content.NONE),
        ({"content": "", "obfuscation": "abc"}, Content.NONE),
        ({"content": "a"}, Content.VISIBLE),
        ({"role": "assistant", "content": "a"}, Content.VISIBLE),
        ({"refusal": "no"}, Content.VISIBLE),
        ({"refusal": None, "content": ""}, Content.NONE),
        ({"content": "", "reasoning_content": "hm"}, Content.REASONING),
        ({"content": "", "reasoning": "hm"}, Content.REASONING),
        ({"content": "", "reasoning": ""}, Content.NONE),
        ({"reasoning_details": [{"type": "reasoning.text", "text": "hm"}]}, Content.REASONING),
        ({"reasoning_details": [{"type": "reasoning.summary", "summary": "hm"}]}, Content.REASONING),
        ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "xx"}]}, Content.NONE),
        ({"reasoning": 7}, Content.NONE),
        ({"content": 7}, Content.NONE),
    ],
)
def test_text_and_reasoning_of_a_delta(delta: dict[str, Any], content: Content) -> None:
    """Text, refusal are visible content; reasoning is content that is not; empty and opaque is none."""
    assert event({"choices": [{"index": 0, "delta": delta}]}).content == content


@pytest.mark.parametrize(
    ("delta", "content"),
    [
        ({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": ""}}]}, Content.VISIBLE),
        ({"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}, Content.VISIBLE),
        ({"tool_calls": [{"index": 0, "function": {"arguments": ""}}]}, Content.NONE),
        ({"tool_calls": [{"index": 0, "type": "custom", "custom": {"name": "f"}}]}, Content.VISIBLE),
        ({"tool_calls": [{"index": 0, "custom": {"input": "x"}}]}, Content.VISIBLE),
        ({"tool_calls": ["odd", {"function": None}]}, Content.NONE),
        ({"tool_calls": {"0": 1}}, Content.NONE),
        ({"function_call": {"name": "f"}}, Content.VISIBLE),
        ({"function_call": None}, Content.NONE),
        ({"audio": {"data": "UklG"}}, Content.VISIBLE),
        ({"audio": {"id": "a", "transcript": "hi"}}, Content.VISIBLE),
        ({"audio": {"id": "a", "expires_at": 1}}, Content.NONE),
        ({"content": "", "images": [{"type": "image_url"}]}, Content.VISIBLE),
    ],
)
def test_calls_and_media_of_a_delta(delta: dict[str, Any], content: Content) -> None:
    """A call's name or arguments, speech, images are visible; ids and empty arguments are none."""
    assert event({"choices": [{"index": 0, "delta": delta}]}).content == content


@pytest.mark.parametrize(
    ("parts", "content"),
    [
        ([{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}], Content.REASONING),
        ([{"type": "thinking", "thinking": []}], Content.NONE),
        ([{"type": "text", "text": ""}], Content.NONE),
        ([7, {"type": "text", "text": "a"}], Content.VISIBLE),
        ([{"type": "image_url"}], Content.VISIBLE),
        ([{"type": "reference", "reference_ids": [1]}, {"type": "tool_reference"}], Content.NONE),
        ([{"type": "thinking", "thinking": [[[[[["deep"]]]]]]}], Content.NONE),
    ],
)
def test_typed_parts_of_a_delta(parts: list[Any], content: Content) -> None:
    """Mistral's parts: thinking is reasoning, a citation nothing, anything else with substance visible."""
    assert event({"choices": [{"index": 0, "delta": {"content": parts}}]}).content == content


@pytest.mark.parametrize(
    "body",
    [
        {"choices": [], "prompt_filter_results": [], "model": "", "id": ""},
        {"choices": None},
        {"choices": {"0": 1}},
        {"choices": [None, 7]},
        {"choices": [{"delta": None}]},
        {"choices": [], "usage": None},
        {"choices": [], "usage": {}},
        {"choices": [], "x_groq": "odd"},
        {"base_resp": {"status_code": 0, "status_msg": ""}},
        {},
    ],
)
def test_events_that_say_nothing(body: dict[str, Any]) -> None:
    """Preludes and odd shapes tell nothing and raise nothing."""
    assert event(body) == (Content.NONE, None, (), None, None, False)


def test_finishes_of_several_choices() -> None:
    """Each choice's reason is told with its index; an index that cannot be one is 0."""
    choices = [
        {"index": 1, "finish_reason": "length", "delta": {}},
        {"finish_reason": "stop", "delta": {}},
        {"index": 2, "finish_reason": None, "delta": {"content": "a"}},
        {"index": MAX_CHOICES, "finish_reason": "odd", "delta": {}},
    ]
    facts = event({"choices": choices, "model": "m"})

    assert facts.finishes == ((1, "length"), (0, "stop"), (0, "odd"))
    assert (facts.content, facts.model) == (Content.VISIBLE, "m")


def test_at_most_so_many_choices_are_read() -> None:
    """A hostile answer cannot make more work than the longest honest one."""
    choices = [{"index": 0, "finish_reason": "stop"}] * (MAX_CHOICES + 1)

    assert len(event({"choices": choices}).finishes) == MAX_CHOICES


@pytest.mark.parametrize(
    ("body", "usage"),
    [
        ({"choices": [], "usage": {"prompt_tokens": 1}}, Usage(1)),
        ({"choices": [], "x_groq": {"usage": {"prompt_tokens": 1}}}, Usage(1)),
        ({"choices": [{"finish_reason": "stop", "usage": {"prompt_tokens": 1}}]}, Usage(1)),
    ],
)
def test_where_usage_stands(body: dict[str, Any], usage: Usage) -> None:
    """At the top; under Groq's x_groq; in Moonshot's last choice."""
    assert event(body).usage == usage
    assert CHAT.answer(body, is_failure=False).usage == usage


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"message": "m", "type": "t", "code": "c"}}, ErrorFacts("t", "c", "m")),
        ({"error": None, "choices": []}, None),
        (
            {"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "m"}}]},
            ErrorFacts(None, "502", "m"),
        ),
        ({"choices": [{"finish_reason": "error"}]}, ErrorFacts()),
        ({"object": "error", "message": "m", "type": "t"}, ErrorFacts("t", None, "m")),
        ({"base_resp": {"status_code": 1008, "status_msg": "m"}}, ErrorFacts(None, "1008", "m")),
    ],
)
def test_errors_in_answers_of_status_200(body: dict[str, Any], error: ErrorFacts | None) -> None:
    """An error counts wherever the body holds it, in a stream as in JSON."""
    assert event(body).error == error
    assert CHAT.answer(body, is_failure=False).error == error


def test_errors_that_only_their_surroundings_mark() -> None:
    """Flat JSON is an error where the framing or the status says so."""
    flat = {"message": "m", "type": "t"}

    assert CHAT.event(b"error", flat).error == ErrorFacts("t", None, "m")
    assert CHAT.answer(flat, is_failure=True).error == ErrorFacts("t", None, "m")
    assert CHAT.answer(flat, is_failure=False).error is None


def test_an_answer() -> None:
    """A whole answer tells model, the finish reason of choice 0, usage."""
    body = {
        "model": "m",
        "choices": [{"finish_reason": "length", "message": {"content": "a"}}, {"finish_reason": "stop"}],
        "usage": {"prompt_tokens": 2, "completion_tokens": 3},
    }

    assert CHAT.answer(body, is_failure=False) == ("m", "length", Usage(2, 3, is_whole=True), None)


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        ({"model": "m", "stream": True, "n": 3}, RequestFacts("m", True, 3)),
        ({"model": "", "stream": "yes", "n": 0}, RequestFacts()),
        ({"model": 7, "n": True}, RequestFacts(has_bad_model=True)),
        ({"model": None, "n": 10**9}, RequestFacts()),
    ],
)
def test_requests(body: dict[str, Any], facts: RequestFacts) -> None:
    """Only texts are models, only small whole numbers are n."""
    assert CHAT.request(body) == facts


@pytest.mark.parametrize(
    ("choice", "text"),
    [
        ({"delta": {"content": "a", "reasoning_content": "hm", "refusal": "no"}}, "hmano"),
        ({"delta": {"content": [{"type": "thinking", "thinking": [{"text": "hm"}]}, {"text": "a"}]}}, "hma"),
        (
            {"delta": {"tool_calls": [{"function": {"arguments": "{}"}}, {"custom": {"input": "x"}}, 7]}},
            "{}x",
        ),
        ({"delta": {"function_call": {"name": "f", "arguments": "[]"}}}, "[]"),
        ({"delta": {}, "message": {"content": "all over again"}}, ""),
        ({"message": {"content": "a"}}, "a"),
        ({"delta": {"content": 7, "tool_calls": 7, "reasoning": {"text": [[[[["deep"]]]]]}}}, ""),
        ({}, ""),
    ],
)
def test_text_of_a_choice(choice: dict[str, Any], text: str) -> None:
    """What was generated: reasoning, text, refusal, arguments; a repeated message not twice."""
    assert CHAT.text({"choices": [choice, choice]}) == text * 2


def test_the_ends_of_a_long_chunk() -> None:
    """Of a chunk too long to keep, its ends tell content, model, usage."""
    body = orjson.dumps(
        {
            "model": "m",
            "choices": [{"index": 0, "delta": {"images": [{"image_url": {"url": "data:" + "A" * 99_999}}]}}],
            "usage": {"prompt_tokens": 2, "completion_tokens": 3},
        }
    )
    abridged = CHAT.abridged(body[:1000], body[-1000:])

    assert abridged is not None
    assert CHAT.event(b"", abridged)[:2] == (Content.VISIBLE, Usage(2, 3, is_whole=True))
    assert CHAT.event(b"", abridged).model == "m"


def test_paths_name_the_operation() -> None:
    """Fill-in-the-middle has the shape of chat at a path of its own."""
    assert {route.pattern: route.operation for route in CHAT.routes} == {
        "/deployments/{model}/chat/completions": None,
        "/chat/completions": None,
        "/agents/completions": None,
        "/fim/completions": "text_completion",
    }
