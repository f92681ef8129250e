"""What requests, tokens and their cost come to, one by the other, pure.

None is what cannot be known: a cost when no request had a price, tokens when no request told its usage, any count of
a window without requests: its data may have expired, or never have come. A share is
taken over the requests that are known: 10 requests, 8 of them priced, 0.40 USD: 0.05 USD a request.
"""

from collections.abc import Mapping
from typing import Any

from tokenpulse_shared.counters import USAGE_FIELDS
from tokenpulse_shared.windows.series_window import Row

COUNTERS = (
    "total_requests",
    "successful_requests",
    "failed_requests",
    "tokens_input",
    "tokens_output",
    "total_cost",
    "unpriced_requests",
    "latency_us",
    "latency_count",
    "tpot_us",
    "tpot_count",
    USAGE_FIELDS["unknown"],
)
"""The counters that the functions here read."""


def known_requests(row: Row, count: int) -> int | None:
    """Return `count`, which is of requests of the row; None when the row has none, so that nothing tells."""
    return count if row.requests else None


def priced_requests(row: Row) -> int:
    """Return how many requests had a price."""
    return row.requests - row.count("unpriced_requests")


def requests_with_usage(row: Row) -> int:
    """Return how many requests told their tokens, or some of them."""
    return row.requests - row.count(USAGE_FIELDS["unknown"])


def known_cost_usd(row: Row) -> float | None:
    """Return what the priced requests cost; None when none had a price."""
    return row.cost_usd if priced_requests(row) else None


def known_count(row: Row, name: str) -> int | None:
    """Return a counter of tokens; None when no request told its usage."""
    return row.count(name) if requests_with_usage(row) else None


def known_tokens(row: Row) -> int | None:
    """Return input with output tokens; None when no request told them."""
    return row.count("tokens_input") + row.count("tokens_output") if requests_with_usage(row) else None


def quotient(part: float | None, whole: float | None) -> float | None:
    """Return part / whole; None when one is not known, or there is nothing to take a part of."""
    return None if part is None or not whole else part / whole


def tokens_per_second(row: Row) -> float | None:
    """Return output tokens by the time that requests took, from their start to their end, failed ones too."""
    if not requests_with_usage(row):
        return None
    return quotient(row.count("tokens_output"), row.count("latency_us") / 1e6)


def generation_tokens_per_second(row: Row) -> float | None:
    """Return how fast streams ran once they had begun: 1 / mean time per output token; None without streams."""
    return quotient(1.0, row.mean_seconds("tpot"))


def cost_json(row: Row) -> dict[str, Any]:
    """Return cost and requests, with how many of these had no price."""
    return {
        "total_cost": known_cost_usd(row),
        "total_requests": known_requests(row, row.requests),
        "unpriced_requests": known_requests(row, row.count("unpriced_requests")),
        "cost_per_request": quotient(known_cost_usd(row), priced_requests(row)),
    }


def dearest_first(costs: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return the names by `total_cost`, highest first; unknown costs last, equal ones by name."""

    def order(name: str) -> tuple[bool, float, str]:
        cost = costs[name]["total_cost"]
        return cost is None, -(cost or 0.0), name

    return sorted(costs, key=order)
