"""What a model's tokens cost and how fast they come, pure."""

from typing import Any

from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.economy import (
    generation_tokens_per_second,
    known_cost_usd,
    known_requests,
    known_tokens,
    priced_requests,
    quotient,
    requests_with_usage,
    tokens_per_second,
)
from tokenpulse_reader.reports.units import iso
from tokenpulse_shared.windows.series_window import WindowTotal


def efficiency_json(total: WindowTotal, now: float, days: int) -> dict[str, Any]:
    """Return `/token-efficiency/{provider}/{model}`; costs in USD.

    Costs are shared over the priced requests, tokens over those that told their usage; how many did not stands beside.
    So a token costs what a priced request costs by the tokens of one that told them. Worked: 10 requests of 100
    tokens, 4 of them priced, 0.80 USD: 0.20 USD a request, 0.002 USD a token.
    """
    row = total.row
    cost, tokens, with_usage = known_cost_usd(row), known_tokens(row), requests_with_usage(row)
    tokens_input, tokens_output = row.count("tokens_input"), row.count("tokens_output")
    cost_per_request, tokens_per_request = quotient(cost, priced_requests(row)), quotient(tokens, with_usage)
    return {
        "timestamp": iso(now),
        "provider": total.series.provider,
        "model": total.series.model,
        "days": days,
        "total_cost": cost,
        "total_tokens": tokens,
        "total_requests": known_requests(row, row.requests),
        "unpriced_requests": known_requests(row, row.requests - priced_requests(row)),
        "requests_without_usage": known_requests(row, row.requests - with_usage),
        "cost_per_token": quotient(cost_per_request, tokens_per_request),
        "tokens_per_request": tokens_per_request,
        "cost_per_request": cost_per_request,
        "avg_input_tokens": quotient(tokens_input, with_usage),
        "avg_output_tokens": quotient(tokens_output, with_usage),
        "output_input_ratio": quotient(tokens_output, tokens_input) if with_usage else None,
        "tokens_per_second": tokens_per_second(row),
        "generation_tokens_per_second": generation_tokens_per_second(row),
        **basis(total.coverage, total.corrupt_keys),
    }
