"""Rows of the metric table under the names of vLLM's own metrics: profile `vllm`."""

from typing import Final

from tokenpulse_reader.exposition.metric import MICROSECONDS, Metric
from tokenpulse_shared import histogram

_LABELS: Final = ("model_name", "engine")
_ENGINE: Final = "engine is the provider."

VLLM: Final[tuple[Metric, ...]] = (
    Metric(
        name="vllm:time_to_first_token_seconds",
        kind="histogram",
        category="performance",
        labels=_LABELS,
        help=f"Time from a streamed request's arrival to its first content, in seconds; {_ENGINE}",
        bounds=histogram.VLLM_TTFT,
        fine=histogram.TTFT,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="vllm:e2e_request_latency_seconds",
        kind="histogram",
        category="performance",
        labels=_LABELS,
        help=(
            "Time from an inference request's arrival to the end of its answer, whatever the outcome, in seconds; "
            f"{_ENGINE}"
        ),
        bounds=histogram.VLLM_E2E,
        fine=histogram.LATENCY,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="vllm:inter_token_latency_seconds",
        kind="histogram",
        category="performance",
        labels=_LABELS,
        help=(
            "Gaps between the content events of streams, each counted as often as it brought tokens, in seconds; "
            f"sum and count only, finer buckets are not counted; {_ENGINE}"
        ),
        fine=(),
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="vllm:request_time_per_output_token_seconds",
        kind="histogram",
        category="performance",
        labels=_LABELS,
        help=(
            "Time from a stream's first content to its last over its output tokens less one, in seconds; "
            f"{_ENGINE}"
        ),
        bounds=histogram.VLLM_TPOT,
        fine=histogram.TPOT,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="vllm:prompt_tokens_total",
        kind="counter",
        category="models",
        labels=_LABELS,
        help=f"Input tokens whose number is known; {_ENGINE}",
    ),
    Metric(
        name="vllm:generation_tokens_total",
        kind="counter",
        category="models",
        labels=_LABELS,
        help=f"Output tokens whose number is known; {_ENGINE}",
    ),
    Metric(
        name="vllm:request_success_total",
        kind="counter",
        category="models",
        labels=(*_LABELS, "finished_reason"),
        help=f"Answers by finish reason; what providers call it is put into vLLM's words; {_ENGINE}",
    ),
    Metric(
        name="vllm:num_requests_running",
        kind="gauge",
        category="models",
        labels=_LABELS,
        help=(
            "Inference requests running now in workers that reported within the last 15 s; engine is the app, "
            "model_name is empty: which model a request asks for is read when it ends."
        ),
    ),
)
