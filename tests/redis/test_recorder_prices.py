"""Tests of what calls cost when they do not say so, against a real Redis."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.support.written import series_totals
from tokenpulse.recorder import Recorder
from tokenpulse_shared.errors import SettingsError

PRICES = """{
    "large": {"input_cost_per_token": 0.000003, "cache_read_input_token_cost": 3e-7,
              "output_cost_per_token": 0.000015, "output_cost_per_reasoning_token": 0.00002,
              "litellm_provider": "acme", "mode": "chat"},
    "vectors": {"input_cost_per_token": 1e-7, "litellm_provider": "acme", "mode": "embedding"},
    "vectors-0": {"input_cost_per_token": 1e-7, "output_cost_per_token": 0.0, "litellm_provider": "acme"}
}"""


@pytest.fixture(name="priced")
def _priced(make_recorder: Callable[..., Recorder], tmp_path: Path) -> Recorder:
    """Give a recorder with a price file of three models, and no other table."""
    path = tmp_path / "prices.json"
    path.write_text(PRICES, encoding="utf-8")
    return make_recorder(price_file=str(path), genai_prices=False)


def costs(client: redis.Redis) -> tuple[int, int]:
    """Return the provider's cost in nano-USD, with how many of its requests have no price."""
    totals = series_totals(client, "acme")
    return totals.get("total_cost", 0), totals.get("unpriced_requests", 0)


@pytest.mark.parametrize(
    ("given", "nano_usd", "unpriced"),
    [
        ({"tokens_input": 1_000, "tokens_output": 100}, 3_000_000 + 1_500_000, 0),
        (
            {"tokens_input": 1_000, "tokens_output": 100, "tokens_cached": 400, "tokens_reasoning": 60},
            600 * 3_000 + 400 * 300 + 40 * 15_000 + 60 * 20_000,
            0,
        ),
        ({"tokens_input": 1_000}, 0, 1),
        ({"tokens_output": 100}, 0, 1),
        ({"tokens_input": 1_000, "tokens_output": 0}, 3_000_000, 0),
        ({"model": "vectors", "tokens_input": 1_000}, 100_000, 0),
        ({"model": "vectors-0", "tokens_input": 1_000}, 100_000, 0),
        ({"tokens_input": 1_000, "tokens_output": 100, "success": False}, 4_500_000, 0),
        ({"tokens_input": 1_000, "tokens_output": 100, "cost": 0.25}, 250_000_000, 0),
        ({"tokens_input": 1_000, "tokens_output": 100, "cost": 0}, 0, 0),
        ({"tokens_input": 1_000, "tokens_output": 100, "cost": -1}, 4_500_000, 0),
        ({}, 0, 1),
        ({"tokens_cached": 400}, 0, 1),
        ({"tokens_input": -1}, 0, 1),
        ({"tokens_input": 100, "tokens_cached": 101}, 0, 1),
        ({"model": "small", "tokens_input": 1_000, "tokens_output": 100}, 0, 1),
    ],
)
def test_tokens_are_priced_where_no_cost_is_given(
    priced: Recorder, redis_client: redis.Redis, given: dict[str, Any], nano_usd: int, unpriced: int
) -> None:
    """A given cost wins, zero included; what cannot be priced counts as unpriced, not as free."""
    priced.record(**{"provider": "acme", "model": "large", **given})
    assert priced.flush()

    assert costs(redis_client) == (nano_usd, unpriced)


def test_sums_over_a_thousand_calls_are_exact(priced: Recorder, redis_client: redis.Redis) -> None:
    """Every call adds its own whole nano-USD."""
    for number in range(1, 1001):
        priced.record(provider="acme", model="large", tokens_input=number, tokens_output=number)
    assert priced.flush()

    assert costs(redis_client) == (18_000 * 500_500, 0)


def test_without_tables_tokens_have_no_price(
    make_recorder: Callable[..., Recorder], redis_client: redis.Redis
) -> None:
    """Nothing is made up."""
    recorder = make_recorder(genai_prices=False)
    recorder.record(provider="acme", model="large", tokens_input=1_000, tokens_output=100)
    assert recorder.flush()

    assert recorder.prices.is_empty
    assert costs(redis_client) == (0, 1)


def test_a_price_file_that_cannot_be_used_stops_the_start(tmp_path: Path) -> None:
    """Before anything is recorded."""
    with pytest.raises(SettingsError, match="price_file="):
        Recorder("redis://localhost:6379/0", price_file=str(tmp_path / "none.json"))
