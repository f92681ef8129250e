"""Tests of what the demo's simulated providers answer."""

import random

import orjson
import pytest

from tokenpulse_reader.demo import answers
from tokenpulse_reader.demo.catalogue import DEGRADING_PROVIDER, SIMULATED_PROVIDERS
from tokenpulse_reader.demo.plans import DEGRADATION_PERIOD_SECONDS, Plan, draw_plan, is_degrading

PLAN = Plan(
    failure=None,
    ttft_seconds=0.2,
    gaps_seconds=(0.1, 0.1, 0.1),
    tokens_input=20,
    tokens_output=16,
    tokens_cached=10,
    tokens_reasoning=8,
)
HEAD = answers.AnswerHead(identifier="demo-1", operation="chat", model_id="groq/llama", created=5)
USAGE = {
    "prompt_tokens": 20,
    "completion_tokens": 16,
    "total_tokens": 36,
    "prompt_tokens_details": {"cached_tokens": 10},
    "completion_tokens_details": {"reasoning_tokens": 8},
}


def _payloads(events: list[bytes]) -> list[object]:
    return [orjson.loads(event.removeprefix(b"data: ")) for event in events]


def test_same_seed_draws_the_same_plans() -> None:
    """Two demos with one seed see the same requests go the same way."""
    provider = SIMULATED_PROVIDERS[0]
    plans = [
        [draw_plan(draw, provider, provider.models[0], 1.0) for _ in range(50)]
        for draw in (random.Random(7), random.Random(7))
    ]

    assert plans[0] == plans[1]


def test_trouble_comes_back_every_period() -> None:
    """The degrading provider is in trouble from second 40 to 115 of each period."""
    moments = (0.0, 39.9, 40.0, 114.9, 115.0)

    assert [is_degrading(moment) for moment in moments] == [False, False, True, True, False]
    assert is_degrading(DEGRADATION_PERIOD_SECONDS + 40.0)


def test_trouble_raises_failures_and_times() -> None:
    """In trouble a provider fails about 70 % of requests, at four times its median."""
    provider = next(each for each in SIMULATED_PROVIDERS if each.name == DEGRADING_PROVIDER)
    draw = random.Random(3)
    calm, trouble = (
        [draw_plan(draw, provider, provider.models[0], moment) for _ in range(1000)] for moment in (0.0, 60.0)
    )
    medians = [sorted(plan.ttft_seconds for plan in plans)[500] for plans in (calm, trouble)]

    assert sum(plan.failure is not None for plan in calm) < 50
    assert 650 < sum(plan.failure is not None for plan in trouble) < 750
    assert medians == [pytest.approx(0.5, rel=0.1), pytest.approx(2.0, rel=0.1)]


def test_embeddings_have_no_output() -> None:
    """An embedding is one answer without pieces and without output tokens."""
    provider = SIMULATED_PROVIDERS[0]
    plan = draw_plan(random.Random(1), provider, provider.models[2], 0.0)

    assert (plan.tokens_output, plan.gaps_seconds) == (0, ())


def test_cost_is_the_price_list_applied() -> None:
    """1,000 tokens in and 100 out at 2.5 and 10 USD a million cost 0.0035 USD."""
    assert SIMULATED_PROVIDERS[0].models[0].cost_usd(1000, 100) == pytest.approx(0.0035)


def test_stream_is_reasoning_then_text_then_usage() -> None:
    """A streamed answer has a content-free prelude, reasoning, text, finish, usage, terminator."""
    events = [
        answers.prelude_event(HEAD),
        *answers.content_events(HEAD, PLAN),
        *answers.closing_events(HEAD, answers.usage_object(PLAN, None)),
    ]
    common = {"id": "demo-1", "object": "chat.completion.chunk", "created": 5, "model": "groq/llama"}

    def choice(delta: dict[str, str], finish_reason: str | None = None) -> dict[str, object]:
        return {**common, "choices": [{"index": 0, "finish_reason": finish_reason, "delta": delta}]}

    assert events.pop() == b"data: [DONE]\n\n"
    assert _payloads(events) == [
        choice({"role": "assistant", "content": ""}),
        choice({"reasoning_content": "tokens "}),
        choice({"reasoning_content": "flow "}),
        choice({"content": "and "}),
        choice({"content": "somebody "}),
        choice({}, "stop"),
        {**common, "choices": [], "usage": USAGE},
    ]


def test_whole_answer_reports_its_cost() -> None:
    """An answer that is not streamed holds text, finish reason and usage with the cost it was given."""
    body = orjson.loads(answers.whole_body(HEAD, PLAN, answers.usage_object(PLAN, 0.0125)))

    assert body == {
        "id": "demo-1",
        "object": "chat.completion",
        "created": 5,
        "model": "groq/llama",
        "choices": [
            {
                "index": 0,
                "finish_reason": "stop",
                "message": {"role": "assistant", "content": "tokens flow and somebody"},
            }
        ],
        "usage": {**USAGE, "cost": 0.0125},
    }
