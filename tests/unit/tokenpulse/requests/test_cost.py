"""What a request cost: as the response says, else the app, else a table, else unknown."""

from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.support.answers import chat_answer, delta, usage_chunk
from tests.support.asgi import JSON_TYPE, SSE_TYPE, body, replay, start
from tests.support.exchange import Exchange
from tokenpulse import annotate
from tokenpulse.dialects.facts import Usage
from tokenpulse.requests.cost import token_counts
from tokenpulse_shared.pricing import TokenCounts

PRICES = {
    "gpt-4o": {
        "litellm_provider": "openai",
        "mode": "chat",
        "input_cost_per_token": 2.5e-06,
        "cache_read_input_token_cost": 1.25e-06,
        "output_cost_per_token": 1e-05,
    }
}
"""12 tokens in, 4 of them cached, 7 out: 8 × 2,500 + 4 × 1,250 + 7 × 10,000 = 95,000 nano-USD."""

ANSWER = replay([start(200, JSON_TYPE), body(chat_answer())])


@pytest.fixture
def price_file(tmp_path: Path) -> str:
    """Give a price file of one model."""
    path = tmp_path / "prices.json"
    path.write_bytes(orjson.dumps(PRICES))
    return str(path)


async def test_table_prices_what_nobody_told(price_file: str) -> None:
    """Cached tokens at their own rate, none twice."""
    observation = await Exchange(price_file=price_file).run(ANSWER)

    assert observation.cost_nano_usd == 95_000
    assert observation.cost_usd == 0.000095


async def test_response_wins_then_the_app(price_file: str) -> None:
    """A cost that the response reports, or else the app annotates, is not reckoned again."""
    told = orjson.loads(chat_answer())
    told["usage"]["cost"] = 0.5
    run = Exchange(price_file=price_file)
    reported = await run.run(replay([start(200, JSON_TYPE), body(orjson.dumps(told))]))

    assert reported.cost_nano_usd == 500_000_000

    async def app(scope: Any, receive: Any, send: Any) -> None:
        annotate(scope, cost_usd=0.25)
        await ANSWER(scope, receive, send)

    annotated = await Exchange(price_file=price_file).run(app)

    assert annotated.cost_nano_usd == 250_000_000


async def test_unknown_is_not_free(price_file: str) -> None:
    """Without a table, for a model none lists, or of a stream that broke off, the cost is unknown."""
    assert (await Exchange().run(ANSWER)).cost_usd is None

    other = Exchange(orjson.dumps({"model": "openai/gpt-99"}), price_file=price_file)
    nameless = orjson.loads(chat_answer())
    del nameless["model"]

    assert (await other.run(replay([start(200, JSON_TYPE), body(orjson.dumps(nameless))]))).cost_usd is None

    broken = await Exchange(price_file=price_file).stream([usage_chunk(5, 4), delta(content="x")], SSE_TYPE)

    assert (broken.usage_source, broken.cost_usd) == ("partial", None)


@pytest.mark.parametrize(
    ("usage", "operation", "counts"),
    [
        (Usage(12, 7, 4, 2), "chat", TokenCounts(12, 7, 4, reasoning=2)),
        (Usage(12, None), "chat", None),
        (Usage(None, 7), "chat", None),
        (Usage(12), "embeddings", TokenCounts(12, 0)),
        (
            Usage(
                9,
                1,
                tokens_cache_write=5,
                tokens_cache_write_1h=3,
                tokens_audio_input=2,
                tokens_audio_output=1,
            ),
            "chat",
            TokenCounts(9, 1, 0, 5, 3, 0, 2, 1),
        ),
        (Usage(1394, 6, 1300, billed_input=8, billed_output=4), "chat", TokenCounts(8, 4)),
    ],
)
def test_tokens_to_be_paid(usage: Usage, operation: str, counts: TokenCounts | None) -> None:
    """Every kind once; what a provider bills goes before what its model saw."""
    assert token_counts(usage, operation) == counts
