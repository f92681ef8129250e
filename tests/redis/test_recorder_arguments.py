"""Tests of what calls hand to a recorder, good and bad."""

import math
from typing import Any

import pytest
import redis

from tests.support.written import KEYS, series_totals
from tokenpulse.recorder import Recorder


class _Hostile:
    """Fail at whatever is done with it."""

    def __str__(self) -> str:
        raise RuntimeError("no text")

    __repr__ = __str__

    def __eq__(self, other: object) -> bool:
        raise RuntimeError("no comparison")

    __hash__ = None

    def __float__(self) -> float:
        raise RuntimeError("no number")


_BAD: list[Any] = [
    math.nan, math.inf, -1, -0.5, 10**400, 2**63, "", "\ud800", "5", b"x", True, [], {}, object(), _Hostile(), 1j,
]  # fmt: skip


@pytest.mark.parametrize(
    "name",
    ["provider", "model", "latency_ms", "cost", "tokens_input", "tokens_output", "ttft_ms", "error_message",
     "error_type", "status_code", "tokens_cached", "tokens_reasoning", "gateway", "streaming", "trace_id"],
)  # fmt: skip
def test_a_bad_argument_costs_only_itself(recorder: Recorder, redis_client: redis.Redis, name: str) -> None:
    """Whatever is handed in, nothing is raised, the call counts, no batch is spoilt, and nothing is an inner error."""
    recorder._started = True
    for bad in _BAD:
        given: dict[str, Any] = {"provider": "p", "model": "m", "success": False} | {name: bad}
        recorder.record(**given)
    assert recorder.flush()

    providers = [provider.decode() for provider in redis_client.zrange(KEYS.providers(), 0, -1)]
    counted = sum(series_totals(redis_client, provider)["total_requests"] for provider in providers)
    assert counted == len(_BAD)
    counts = recorder.stats()["counts"]
    assert [cause for cause in counts if cause.startswith("error:")] == []
    assert sum(count for cause, count in counts.items() if cause.startswith("fault:")) >= (
        8 if name != "streaming" else 0
    )


def test_a_success_without_a_truth_value_is_an_inner_error(recorder: Recorder) -> None:
    """A call of which not even the outcome can be told is counted as an error inside, and raises nothing."""

    class Undecided:
        def __bool__(self) -> bool:
            raise ValueError("ambiguous")

    recorder._started = True
    recorder.record(provider="p", model="m", success=Undecided())

    assert recorder.stats()["counts"] == {"error:record": 1}
    assert recorder.stats()["observations"] == 0


@pytest.mark.parametrize(
    ("given", "outcome"),
    [
        ({"success": True, "error_type": "timeout"}, "success"),
        ({"success": False, "error_type": "timeout"}, "timeout"),
        ({"success": False, "error_type": "network"}, "network"),
        ({"success": False, "error_type": "other"}, "provider_error"),
        ({"success": False}, "provider_error"),
    ],
)
def test_outcome_follows_success_and_error_type(
    recorder: Recorder, redis_client: redis.Redis, given: dict[str, Any], outcome: str
) -> None:
    """The classic four-way view names the outcome of a failure."""
    recorder.record(provider="p", model="m", **given)
    recorder.flush()

    assert series_totals(redis_client, "p")[f"outcome:{outcome}"] == 1


def test_every_argument_is_counted(recorder: Recorder, redis_client: redis.Redis) -> None:
    """Milliseconds, USD, tokens and the outcome end in the totals in their integer units."""
    recorder.record(
        provider="openai", model="gpt-4o", latency_ms=1500, success=True, cost=0.0012, tokens_input=100,
        tokens_output=51, ttft_ms=500.0, tokens_cached=10, tokens_reasoning=20, streaming=True,
    )  # fmt: skip
    recorder.record(
        provider="openai", model="gpt-4o", success=False, error_type="rate_limit", error_message="slow down",
        status_code=429,
    )  # fmt: skip
    assert recorder.flush()

    expected = {
        "total_requests": 2,
        "successful_requests": 1,
        "failed_requests": 1,
        "tokens_input": 100,
        "tokens_output": 51,
        "tokens_cached": 10,
        "tokens_reasoning": 20,
        "total_cost": 1_200_000,
        "latency_us": 1_500_000,
        "latency_count": 1,
        "ttft_us": 500_000,
        "ttft_count": 1,
        "tpot_us": 20_000,
        "tpot_count": 1,
        "unpriced_requests": 1,
        "outcome:success": 1,
        "outcome:rate_limit": 1,
        "usage:reported": 1,
        "usage:unknown": 1,
    }
    assert series_totals(redis_client, "openai") == expected
    assert redis_client.lrange(KEYS.errors("openai"), 0, -1) != []
