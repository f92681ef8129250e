"""Costs, tokens and speeds by one another: what is not known is None, never 0."""

from tokenpulse_reader.reports.economy import (
    cost_json,
    dearest_first,
    generation_tokens_per_second,
    known_cost_usd,
    known_count,
    known_requests,
    known_tokens,
    priced_requests,
    quotient,
    requests_with_usage,
    tokens_per_second,
)
from tokenpulse_shared.windows.series_window import Row

NOTHING = Row(0)
UNKNOWN = Row(0, {"total_requests": 3, "unpriced_requests": 3, "usage:unknown": 3, "latency_us": 5})
KNOWN = Row(
    0,
    {
        "total_requests": 10,
        "unpriced_requests": 2,
        "usage:unknown": 1,
        "total_cost": 400_000_000,
        "tokens_input": 90,
        "tokens_output": 30,
        "latency_us": 6_000_000,
        "latency_count": 10,
        "tpot_us": 400_000,
        "tpot_count": 8,
    },
)


def test_nothing_happened() -> None:
    """No sum is known: 0 would say that nothing happened, which nothing tells."""
    assert (known_cost_usd(NOTHING), known_tokens(NOTHING), known_count(NOTHING, "tokens_input")) == (
        None,
        None,
        None,
    )
    assert (known_requests(NOTHING, 0), known_requests(KNOWN, 0), known_requests(KNOWN, 8)) == (None, 0, 8)
    assert (tokens_per_second(NOTHING), generation_tokens_per_second(NOTHING)) == (None, None)
    assert cost_json(NOTHING) == {
        "total_cost": None,
        "total_requests": None,
        "unpriced_requests": None,
        "cost_per_request": None,
    }


def test_nothing_is_known_of_what_happened() -> None:
    """No price, no usage: no cost, no tokens, no speed."""
    assert (known_cost_usd(UNKNOWN), known_tokens(UNKNOWN), known_count(UNKNOWN, "tokens_input")) == (
        None,
        None,
        None,
    )
    assert (priced_requests(UNKNOWN), requests_with_usage(UNKNOWN)) == (0, 0)
    assert tokens_per_second(UNKNOWN) is None
    assert cost_json(UNKNOWN) == {
        "total_cost": None,
        "total_requests": 3,
        "unpriced_requests": 3,
        "cost_per_request": None,
    }


def test_the_worked_numbers() -> None:
    """Ten requests, eight of them priced, 0.40 USD: 0.05 USD a request."""
    assert (known_cost_usd(KNOWN), known_tokens(KNOWN)) == (0.4, 120)
    assert cost_json(KNOWN)["cost_per_request"] == 0.05
    assert (priced_requests(KNOWN), requests_with_usage(KNOWN)) == (8, 9)
    assert tokens_per_second(KNOWN) == 5.0
    assert generation_tokens_per_second(KNOWN) == 20.0


def test_a_quotient_of_what_is_not_known_is_not_known() -> None:
    """Nor is one over nothing."""
    assert [quotient(None, 2), quotient(2, None), quotient(2, 0), quotient(0, 2)] == [None, None, None, 0.0]


def test_dearest_first_unknown_last() -> None:
    """Equal costs by name."""
    costs = {
        name: {"total_cost": cost}
        for name, cost in (("b", None), ("z", 1.0), ("c", 1.0), ("a", None), ("d", 2.0))
    }

    assert dearest_first(costs) == ["d", "c", "z", "a", "b"]
