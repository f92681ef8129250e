"""An exchange explained: its events beside the observation."""

import gzip
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.answers import DONE, chat_answer, delta, usage_chunk
from tests.support.kept_answers import ANTHROPIC, BEDROCK, COHERE, GEMINI, OLLAMA, OPENAI, RESPONSES
from tokenpulse.explain import (
    CostSource,
    Cut,
    Exchange,
    Explanation,
    endpoint_of,
    explain,
    place_of,
)
from tokenpulse_shared.settings import Settings

CHAT = "/v1/chat/completions"
PRICE = {
    "litellm_provider": "openai",
    "mode": "chat",
    "input_cost_per_token": 1e-6,
    "output_cost_per_token": 3e-6,
}


async def explained(
    exchange: Exchange, *, cut: Cut = "events", names: Any = None, **given: Any
) -> Explanation:
    """Explain an exchange, at the path that its answer names if it has none; without genai-prices unless given."""
    settings = Settings.load({}, **{"genai_prices": False, **given})
    if exchange.path is None:
        place = place_of(exchange, None, None)
        assert place is not None
        exchange = exchange._replace(path=place.path)
    endpoint = endpoint_of(exchange, settings)
    assert endpoint is not None
    return await explain(exchange, endpoint, settings, cut=cut, **(names or {}))


@pytest.fixture
def price_file(tmp_path: Path) -> str:
    """Give a price file of one model."""
    path = tmp_path / "prices.json"
    path.write_bytes(orjson.dumps({"m-2025": PRICE}))
    return str(path)


@pytest.mark.parametrize(
    ("body", "first", "visible", "last", "origins"),
    [
        (OPENAI, 1, 2, 3, {5: ("input", "output")}),
        (ANTHROPIC, 3, 4, 5, {0: ("input", "cached"), 6: ("output",)}),
        (GEMINI, 0, 0, 1, {1: ("input", "output", "reasoning")}),
        (OLLAMA, 0, 0, 1, {2: ("input", "output")}),
        (BEDROCK, 1, 1, 1, {3: ("input", "output")}),
        (COHERE, 1, 1, 1, {2: ("input", "output")}),
        (RESPONSES, 1, 1, 2, {4: ("input", "output")}),
        (chat_answer(), None, None, None, {0: ("input", "output", "cached", "reasoning")}),
    ],
)
async def test_events_that_count(
    body: bytes, first: int | None, visible: int | None, last: int | None, origins: dict[int, tuple[str, ...]]
) -> None:
    """First content, first visible, last content, origins of usage in an answer of every kind."""
    seen = await explained(Exchange(body))

    assert (seen.first_content, seen.first_visible, seen.last_content) == (first, visible, last)
    assert seen.usage_origins == origins
    assert (seen.observation.outcome, seen.observation.usage_source) == ("success", "reported")
    assert seen.faults == {}


async def test_times_are_counts_of_reads() -> None:
    """In a replay event by event, the n-th read is the n-th event."""
    observation = (await explained(Exchange(OPENAI))).observation

    assert (observation.ttft_seconds, observation.first_visible_seconds) == (2.0, 3.0)
    assert (observation.ttfb_seconds, observation.latency_seconds) == (0.0, 7.0)


@pytest.mark.parametrize("body", [OPENAI, ANTHROPIC, OLLAMA, RESPONSES])
@pytest.mark.parametrize("cut", ["events", 64, 10_000])
async def test_cuts_do_not_matter(body: bytes, cut: Cut) -> None:
    """However the body is cut, the same events give first content, last content, usage."""
    one, other = await explained(Exchange(body)), await explained(Exchange(body), cut=cut)

    assert other.last_content == one.last_content
    assert other.usage_origins == one.usage_origins
    assert other.observation.tokens_output == one.observation.tokens_output
    assert other.first_content == one.first_content


async def test_streams_without_content_have_no_first() -> None:
    """Where nothing is content there is no first one."""
    seen = await explained(Exchange(delta("stop") + usage_chunk() + DONE, CHAT))

    assert (seen.first_content, seen.first_visible, seen.last_content) == (None, None, None)
    assert seen.observation.outcome == "success"


async def test_broken_bodies_are_truncated() -> None:
    """A stream that breaks off, and a body shorter than its headers promise, are no success."""
    cut = await explained(Exchange(OPENAI[:500]))
    short = await explained(Exchange(chat_answer(), CHAT, is_complete=False))

    assert (cut.observation.outcome, cut.events[-1].facts) == ("truncated", None)
    assert (cut.first_content, cut.last_content) == (1, 2)
    assert short.observation.outcome == "truncated"


async def test_status_and_request_count() -> None:
    """What the request asked for and what the status says are part of it."""
    asked = b'{"model":"openai/gpt-4o","stream":true}'
    failed = Exchange(b'{"error":{"type":"rate_limited"}}', CHAT, request_body=asked, status=429)
    seen = await explained(failed)

    assert (seen.observation.provider, seen.observation.model) == ("openai", "openai/gpt-4o")
    assert (seen.observation.outcome, seen.observation.error_type) == ("rate_limit", "rate_limited")


async def test_headers_can_tell_usage() -> None:
    """Bedrock's counts stand in the headers: no event is their origin."""
    headers = ((b"x-amzn-bedrock-input-token-count", b"5"), (b"x-amzn-bedrock-output-token-count", b"2"))
    seen = await explained(Exchange(b'{"generation":"x"}', "/model/m/invoke", headers=headers))

    assert (seen.observation.tokens_input, seen.observation.usage_source) == (5, "reported")
    assert seen.usage_origins == {}


async def test_faults_are_counted() -> None:
    """What the middleware sets aside is told."""
    bad = usage_chunk(prompt=-5)
    seen = await explained(Exchange(delta(content="a") + delta("stop") + bad + DONE, CHAT, request_body=b"?"))

    assert seen.faults == {"request_body_malformed": 1, "usage_rejected": 1}


async def test_internal_errors_are_raised(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault of tokenpulse's own is shown, not counted: who replays an exchange looks for it."""

    def fail(*given: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr("tokenpulse.requests.observer.conclude", fail)

    with pytest.raises(RuntimeError, match="ours"):
        await explained(Exchange(chat_answer(), CHAT))


async def test_names_as_an_app_would_annotate_them() -> None:
    """The user's provider and model come before the answer's."""
    seen = await explained(Exchange(OPENAI), names={"provider": "groq", "model": "mine"})

    assert (seen.observation.provider, seen.observation.model) == ("groq", "mine")
    assert seen.observation.response_model == "m-2025"


@pytest.mark.parametrize(
    ("body", "given", "cost"),
    [
        (usage_chunk(5, 4, cost=0.25), {}, CostSource("response")),
        (usage_chunk(5, 4), {"priced": True}, CostSource("price_file")),
        (usage_chunk(5, 4), {}, CostSource(None, "no price table: no price_file, and no genai-prices")),
        (b"", {"priced": True}, CostSource(None, "usage is unknown, only what was reported is priced")),
        (
            usage_chunk(5, 4).replace(b'"completion_tokens":4,', b""),
            {"priced": True},
            CostSource(None, "input or output tokens are not known"),
        ),
        (
            usage_chunk(5, 4).replace(b"m-2025", b"m-2026").replace(b"5", b"6"),
            {"priced": True, "names": {"model": "other", "provider": "groq"}},
            CostSource(None, "no table prices model other of provider groq"),
        ),
    ],
)
async def test_where_costs_come_from(
    body: bytes, given: dict[str, Any], cost: CostSource, price_file: str
) -> None:
    """The response, else the price file; else it says why it is not known."""
    given = dict(given)
    settings = {"price_file": price_file} if given.pop("priced", False) else {}
    names = {"provider": "openai", **given.get("names", {})}
    seen = await explained(Exchange(delta("stop", content="x") + body + DONE, CHAT), names=names, **settings)

    assert seen.cost == cost
    assert (seen.observation.cost_nano_usd is None) == (cost.name is None)


async def test_price_file_amount(price_file: str) -> None:
    """5 tokens in at 1,000 nano-USD and 4 out at 3,000 are 17,000."""
    seen = await explained(Exchange(OPENAI), names={"provider": "openai"}, price_file=price_file)

    assert seen.observation.cost_nano_usd == 17_000


async def test_genai_prices_are_named(price_file: str) -> None:
    """A model that the file does not list is priced by the installed package."""
    body = OPENAI.replace(b"m-2025", b"gpt-4o")
    seen = await explained(
        Exchange(body), names={"provider": "openai"}, price_file=price_file, genai_prices=True
    )

    assert seen.cost == CostSource("genai-prices")


async def test_estimates_are_told() -> None:
    """With `estimate_usage` on, what no response told is estimated, and not priced."""
    seen = await explained(Exchange(delta("stop", content="x") + DONE, CHAT), estimate_usage="events")

    assert (seen.observation.tokens_output, seen.observation.usage_source) == (1, "estimated")
    assert seen.cost.why_not == "usage is estimated, only what was reported is priced"


async def test_encoded_bodies_have_no_events() -> None:
    """What the middleware could not decode has no event, no usage."""
    headers = ((b"content-type", b"text/event-stream"), (b"content-encoding", b"rot13"))
    seen = await explained(Exchange(gzip.compress(OPENAI), CHAT, headers=headers))

    assert (seen.framing, seen.events) == (None, ())
    assert (seen.observation.usage_source, seen.first_content) == ("unknown", None)
    assert seen.faults == {"response_encoding_unknown": 1}


@pytest.mark.parametrize(
    ("exchange", "endpoints", "label"),
    [
        (Exchange(b"", CHAT), None, CHAT),
        (Exchange(b"", CHAT, "GET"), None, None),
        (Exchange(b"", "/items"), None, None),
        (Exchange(b"", "/items"), "/items=openai-chat", "/items"),
        (Exchange(b""), None, None),
    ],
)
def test_endpoints(exchange: Exchange, endpoints: str | None, label: str | None) -> None:
    """An exchange is inference by method, path, the setting `endpoints`."""
    endpoint = endpoint_of(exchange, Settings.load({}, endpoints=endpoints))

    assert (None if endpoint is None else endpoint.label) == label
