"""Recorded streams, explained event by event, agree with what the middleware made of them."""

from typing import Any

import orjson
import pytest

from tests.recordings.cases import body_of, load_cases, path_of
from tokenpulse.explain import Exchange, Explanation, endpoint_of, explain
from tokenpulse_shared.settings import Settings

STREAMS = [case for case in load_cases() if case["expect"]["framing"] not in ("json", "empty", "text")]
SETTINGS = Settings.load({}, genai_prices=False)
every_stream = pytest.mark.parametrize("case", STREAMS, ids=lambda case: str(case["id"]))


async def explained(case: dict[str, Any]) -> Explanation:
    """Explain a recorded exchange, event by event."""
    asked, response = case["request"].get("body"), case["response"]
    exchange = Exchange(
        body_of(case),
        path_of(case),
        request_body=b"" if asked is None else orjson.dumps(asked),
        status=response["status"],
        headers=tuple((name.lower().encode(), value.encode()) for name, value in response["headers"].items()),
    )
    endpoint = endpoint_of(exchange, SETTINGS)
    assert endpoint is not None
    return await explain(exchange, endpoint, SETTINGS)


@every_stream
async def test_events_agree_with_the_observation(case: dict[str, Any]) -> None:
    """The first event with content is that of the TTFT, the last one that of the time per token."""
    seen = await explained(case)
    expect, free, observation = case["expect"], case["ambiguous"], seen.observation
    contents = [event.number for event in seen.events if event.facts is not None and event.facts.content]

    assert "n_events" in free or len(seen.events) == expect["n_events"]
    assert seen.first_content == (contents[0] if contents else None)
    assert bool(seen.usage_origins) == (observation.usage_source != "unknown")
    if observation.tpot_seconds is not None and observation.ttft_seconds and observation.tokens_output:
        last = observation.ttft_seconds + observation.tpot_seconds * (observation.tokens_output - 1)

        assert seen.last_content == round(last) - 1
