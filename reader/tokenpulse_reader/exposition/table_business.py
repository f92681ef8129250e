"""Rows of the metric table on money."""

from typing import Final

from tokenpulse_reader.exposition.metric import NANO, Metric
from tokenpulse_shared import histogram

_MODEL: Final = ("provider", "model")

BUSINESS: Final[tuple[Metric, ...]] = (
    Metric(
        name="credits_used_total",
        kind="counter",
        category="business",
        labels=_MODEL,
        help="Cost of priced requests in credits; one credit is one USD. Absent while no request has a price.",
    ),
    Metric(
        name="gatewayz_api_cost_usd_total",
        kind="counter",
        category="business",
        labels=_MODEL,
        help="Cost of priced requests in USD. Absent while no request has a price.",
    ),
    Metric(
        name="gatewayz_api_cost_per_request_usd",
        kind="histogram",
        category="business",
        labels=_MODEL,
        help="Cost of a priced request in USD.",
        bounds=histogram.COST_USD,
        fine=histogram.COST,
        sum_divisor=NANO,
    ),
    Metric(
        name="gatewayz_cost_per_1k_tokens_usd",
        kind="histogram",
        category="business",
        labels=_MODEL,
        help="Cost of a priced request by 1,000 tokens, input plus output, in USD.",
        bounds=histogram.COST_USD,
        fine=histogram.COST,
        sum_divisor=NANO,
    ),
    Metric(
        name="gatewayz_cost_by_provider",
        kind="gauge",
        category="business",
        labels=("provider",),
        help="Cost of priced requests in the last 24 hour buckets in USD. Absent while no request has a price.",
    ),
    Metric(
        name="gatewayz_cost_by_provider_total",
        kind="counter",
        category="business",
        labels=("provider",),
        help="Cost of priced requests in USD. Absent while no request has a price.",
        is_untyped_in_openmetrics=True,
    ),
)
