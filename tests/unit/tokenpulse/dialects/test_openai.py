"""What OpenAI-shaped bodies mean: content, usage, finish, errors."""

from typing import Any

import orjson
import pytest

from tokenpulse.dialects.base import Content, ErrorFacts, RequestFacts, Usage
from tokenpulse.dialects.openai_chat import OpenAIChat
from tokenpulse.dialects.openai_completions import OpenAICompletions
from tokenpulse.dialects.openai_usage import read_usage

CHAT = OpenAIChat()


def event(body: Any) -> Any:
    return CHAT.event(b"", orjson.dumps(body))


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
        ({"reasoning_details": [{"type": "reasoning.encrypted", "data": "xx"}]}, Content.NONE),
        ({"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": ""}}]}, Content.VISIBLE),
        ({"tool_calls": [{"index": 0, "function": {"arguments": "{"}}]}, Content.VISIBLE),
        ({"tool_calls": [{"index": 0, "function": {"arguments": ""}}]}, Content.NONE),
        ({"tool_calls": ["odd", {"function": None}]}, Content.NONE),
        ({"function_call": {"name": "f"}}, Content.VISIBLE),
        ({"audio": {"data": "UklG"}}, Content.VISIBLE),
        (
            {"content": [{"type": "thinking", "thinking": [{"type": "text", "text": "hm"}]}]},
            Content.REASONING,
        ),
        ({"content": [{"type": "thinking", "thinking": []}]}, Content.NONE),
        ({"content": [{"type": "text", "text": ""}]}, Content.NONE),
        ({"content": [7, {"type": "text", "text": "a"}]}, Content.VISIBLE),
        ({"content": [{"type": "image_url"}]}, Content.VISIBLE),
    ],
)
def test_content_of_a_delta(delta: dict[str, Any], content: Content) -> None:
    """Only text, refusal, audio, calls, reasoning are content."""
    assert event({"choices": [{"index": 0, "delta": delta}]}).content == content


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
        [1],
        "text",
        None,
    ],
)
def test_events_that_say_nothing(body: Any) -> None:
    """Preludes and odd shapes tell nothing and raise nothing."""
    facts = event(body)

    assert facts is not None
    assert (facts.content, facts.usage, facts.finishes, facts.error, facts.model) == (
        Content.NONE,
        None,
        (),
        None,
        None,
    )


def test_events_that_are_special() -> None:
    """[DONE] ends the stream; what is not JSON is None."""
    assert CHAT.event(b"", b"[DONE]").is_terminal is True  # type: ignore[union-attr]  # never None here
    assert CHAT.event(b"", b"{oops") is None
    assert CHAT.event(b"", b"[" * 100_000) is None
    assert OpenAICompletions().event(b"", b'{"choices":[{"text":"a"}]}').content == Content.VISIBLE  # type: ignore[union-attr]  # same
    assert OpenAICompletions().event(b"", b'{"choices":[{"text":""}]}').content == Content.NONE  # type: ignore[union-attr]  # same


def test_finishes_of_several_choices() -> None:
    """Each choice's reason is told with its index."""
    choices = [
        {"index": 1, "finish_reason": "length", "delta": {}},
        {"finish_reason": "stop", "delta": {}},
        {"index": 2, "finish_reason": None, "delta": {"content": "a"}},
    ]
    facts = event({"choices": choices, "model": "m"})

    assert facts.finishes == ((1, "length"), (0, "stop"))
    assert (facts.content, facts.model) == (Content.VISIBLE, "m")


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"message": "m", "type": "t", "code": "c"}}, ErrorFacts("t", "c", "m")),
        ({"error": {"message": "m", "code": 429}}, ErrorFacts(None, "429", "m")),
        ({"error": {"message": "m", "code": "1300"}}, ErrorFacts(None, "1300", "m")),
        (
            {"error": {"message": "m", "status": "UNAVAILABLE", "code": 503}},
            ErrorFacts("UNAVAILABLE", "503", "m"),
        ),
        ({"error": "m"}, ErrorFacts(None, None, "m")),
        ({"error": None, "choices": []}, None),
        ({"object": "error", "message": "m", "type": "t"}, ErrorFacts("t", None, "m")),
        (
            {"choices": [{"finish_reason": "error", "error": {"code": 502, "message": "m"}}]},
            ErrorFacts(None, "502", "m"),
        ),
        ({"choices": [{"finish_reason": "error"}]}, ErrorFacts()),
    ],
)
def test_errors_in_answers_of_status_200(body: dict[str, Any], error: ErrorFacts | None) -> None:
    """An error counts wherever the body holds it, in a stream as in JSON."""
    assert event(body).error == error
    assert CHAT.answer(body, is_failure=False).error == error


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
    ("usage", "expected"),
    [
        ({"prompt_tokens": 3, "completion_tokens": 4}, Usage(3, 4)),
        ({"input_tokens": 3, "output_tokens": 4}, Usage(3, 4)),
        (
            {"prompt_tokens": 3, "prompt_tokens_details": {"cached_tokens": 0}, "num_cached_tokens": 2},
            Usage(3, None, 0),
        ),
        ({"prompt_tokens": 3, "prompt_tokens_details": None, "num_cached_tokens": 2}, Usage(3, None, 2)),
        ({"prompt_tokens": 3, "prompt_token_details": {"cached_tokens": 1}}, Usage(3, None, 1)),
        (
            {"prompt_tokens": 3, "prompt_cache_hit_tokens": 2, "prompt_cache_miss_tokens": 1},
            Usage(3, None, 2),
        ),
        ({"prompt_tokens": 3, "cached_tokens": 2}, Usage(3, None, 2)),
        ({"prompt_tokens": 3, "completion_tokens": 9, "reasoning_tokens": 5}, Usage(3, 9, None, 5)),
        (
            {
                "prompt_tokens": 30,
                "completion_tokens": 7,
                "total_tokens": 57,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            Usage(30, 27, None, 20),
        ),
        (
            {
                "prompt_tokens": 30,
                "completion_tokens": 27,
                "total_tokens": 57,
                "completion_tokens_details": {"reasoning_tokens": 20},
            },
            Usage(30, 27, None, 20),
        ),
        ({"prompt_tokens": 3, "cost": 0.000123}, Usage(3, cost_nano_usd=123_000)),
        ({"prompt_tokens": 3, "cost": 0}, Usage(3, cost_nano_usd=0)),
        ({"prompt_tokens": 3, "cost": {"total_cost": 0.00503}}, Usage(3, cost_nano_usd=5_030_000)),
        ({"prompt_tokens": 3, "cost_in_usd_ticks": 3530500}, Usage(3, cost_nano_usd=353_050)),
        ({"prompt_tokens": 3, "cost": -1.0}, Usage(3, has_rejected=True)),
        ({"prompt_tokens": 3, "cost": "free"}, Usage(3, has_rejected=True)),
        ({"prompt_tokens": 3, "cost": 1e300}, Usage(3, has_rejected=True)),
        ({"prompt_tokens": 3, "cost": True}, Usage(3, has_rejected=True)),
        ({"prompt_tokens": -1, "completion_tokens": 2}, Usage(None, 2, has_rejected=True)),
        ({"prompt_tokens": True, "completion_tokens": 2}, Usage(None, 2, has_rejected=True)),
        ({"prompt_tokens": 3.0, "completion_tokens": "4"}, Usage(has_rejected=True)),
        ({"prompt_tokens": 2**53 - 1, "completion_tokens": 2**53}, Usage(2**53 - 1, None, has_rejected=True)),
        ({"total_tokens": 12}, Usage()),
        ({}, None),
        (None, None),
        ([3], None),
    ],
)
def test_usage(usage: Any, expected: Usage | None) -> None:
    """Every variant ends in the same numbers; what cannot be a count is set aside."""
    assert read_usage(usage) == expected


def test_groq_usage() -> None:
    """Groq puts the usage of a stream under x_groq."""
    assert event({"choices": [], "x_groq": {"usage": {"prompt_tokens": 1}}}).usage == Usage(1)
    assert event({"choices": [], "x_groq": "odd"}).usage is None
