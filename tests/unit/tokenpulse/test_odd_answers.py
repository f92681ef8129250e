"""Answers that are not what their status, type or request said."""

import orjson
import pytest

from tests.support.answers import DONE, chat_answer, delta, event, usage_chunk
from tests.support.asgi import JSON_TYPE, SSE_TYPE, body, replay, start
from tests.support.exchange import Exchange


async def test_json_under_the_type_of_a_stream() -> None:
    """A proxy's whole answer or error, labelled as events, is read as what it is."""
    run = Exchange()
    observation = await run.run(replay([start(200, SSE_TYPE), body(chat_answer())]))

    assert (observation.outcome, observation.streaming, observation.tokens_output) == ("success", False, 7)

    error = b'{"error":{"message":"slow down","type":"rate_limit_error"}}'
    for status in (200, 429):
        observation = await Exchange().run(replay([start(status, SSE_TYPE), body(error)]))

        assert (observation.outcome, observation.error_type) == ("rate_limit", "rate_limit_error")


@pytest.mark.parametrize("answer", [chat_answer()[:-20], b"<html>log in</html>"])
async def test_answer_that_is_no_json(answer: bytes) -> None:
    """Broken off, or from somebody else: no success."""
    run = Exchange()
    observation = await run.run(replay([start(200, JSON_TYPE), body(answer)]))

    assert (observation.outcome, observation.usage_source) == ("truncated", "unknown")
    assert run.sink.faults == ["response_malformed"]


@pytest.mark.parametrize(
    ("prompt", "outcome"),
    [
        (["a", "b"], "truncated"),
        (["a"], "success"),
        ("a", "success"),
        ([1, 2], "success"),
        ([[1], [2]], "truncated"),
    ],
)
async def test_every_prompt_must_finish(prompt: object, outcome: str) -> None:
    """A list of prompts has an answer each; a list of tokens is one prompt."""
    asked = orjson.dumps({"model": "m", "prompt": prompt, "stream": True})
    pieces = [
        event({"choices": [{"index": 0, "text": "x", "finish_reason": "stop"}]}),
        event({"choices": [{"index": 1, "text": "y", "finish_reason": None}]}),
    ]
    observation = await Exchange(asked).stream(pieces, SSE_TYPE, path="/v1/completions")

    assert observation.outcome == outcome


@pytest.mark.parametrize("reason", ["abort", "insufficient_system_resource"])
async def test_finish_reasons_that_are_failures(reason: str) -> None:
    """An answer the provider broke off is no success, though it ends as one."""
    observation = await Exchange().stream([delta(content="x"), delta(reason), DONE], SSE_TYPE)

    assert (observation.outcome, observation.finish_reason) == ("provider_error", reason)


async def test_end_mark_with_blanks() -> None:
    """The mark that ends a stream may stand after more than one blank."""
    observation = await Exchange().stream([delta(content="x"), b"data:  [DONE]\n\n"], SSE_TYPE)

    assert observation.outcome == "success"


async def test_content_at_one_instant_has_no_pace() -> None:
    """Fifty tokens in one piece came in no time that could be told."""
    whole = event({"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]})
    observation = await Exchange().stream([whole, usage_chunk(3, 50), DONE], SSE_TYPE)

    assert (observation.tokens_output, observation.tpot_seconds) == (50, None)


async def test_reasoning_under_other_names() -> None:
    """Databricks' typed parts and Copilot's `reasoning_text` are reasoning, not the visible answer."""
    for thought in (
        {"content": [{"type": "reasoning", "summary": [{"text": "hm"}]}]},
        {"reasoning_text": "hm"},
    ):
        pieces = [delta(**thought), delta(content="x"), delta("stop"), DONE]
        observation = await Exchange().stream(pieces, SSE_TYPE)

        assert (observation.ttft_seconds, observation.first_visible_seconds) == (1.0, 2.0)


async def test_key_of_the_callers_own() -> None:
    """With it OpenRouter charges its fee, the provider the rest."""
    details = {"upstream_inference_cost": 0.0012}
    for is_own, nano_usd in ((True, 1_250_000), (False, 50_000)):
        last = usage_chunk(5, 4, cost=0.00005, is_byok=is_own, cost_details=details)
        observation = await Exchange().stream([delta(content="x"), delta("stop"), last, DONE], SSE_TYPE)

        assert observation.cost_nano_usd == nano_usd
