"""Rows of the metric table under the names of OpenTelemetry's conventions for generative AI: profile `otel`."""

from typing import Final

from tokenpulse_reader.exposition.metric import MICROSECONDS, Metric
from tokenpulse_shared import histogram

_NAMES: Final = ("gen_ai_operation_name", "gen_ai_provider_name", "gen_ai_request_model")

OTEL: Final[tuple[Metric, ...]] = (
    Metric(
        name="gen_ai_server_request_duration_seconds",
        kind="histogram",
        category="performance",
        labels=(*_NAMES, "error_type"),
        help=(
            "Time from an inference request's arrival to the end of its answer, in seconds; error_type is _OTHER "
            "for every outcome but success."
        ),
        bounds=histogram.OTEL_DURATION,
        fine=histogram.LATENCY,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="gen_ai_server_time_to_first_token_seconds",
        kind="histogram",
        category="performance",
        labels=_NAMES,
        help="Time from a streamed request's arrival to its first content, in seconds.",
        bounds=histogram.OTEL_TTFT,
        fine=histogram.TTFT,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="gen_ai_server_time_per_output_token_seconds",
        kind="histogram",
        category="performance",
        labels=_NAMES,
        help="Time from a stream's first content to its last over its output tokens less one, in seconds.",
        bounds=histogram.OTEL_TPOT,
        fine=histogram.TPOT,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="gen_ai_client_token_usage",
        kind="histogram",
        category="models",
        labels=(*_NAMES, "gen_ai_token_type"),
        help="Tokens of an inference request whose number is known, by type: input or output.",
        bounds=histogram.OTEL_TOKENS,
        fine=histogram.TOKENS,
    ),
)
