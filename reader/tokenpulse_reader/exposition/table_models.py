"""Rows of the metric table on requests to models: their number, speed, tokens."""

from typing import Final

from tokenpulse_reader.exposition.metric import MICROSECONDS, Metric
from tokenpulse_shared import histogram

_MODEL: Final = ("provider", "model")
_WORDS: Final = "a worker tells the first it sees apart, further ones are other."

MODELS: Final[tuple[Metric, ...]] = (
    Metric(
        name="model_inference_requests_total",
        kind="counter",
        category="models",
        labels=(*_MODEL, "status"),
        help="Inference requests; status is success, or error for every other outcome, whoever's fault.",
    ),
    Metric(
        name="model_inference_duration_seconds",
        kind="histogram",
        category="models",
        labels=_MODEL,
        help="Time from an inference request's arrival to the end of its answer, in seconds.",
        bounds=histogram.MODEL_INFERENCE_DURATION,
        fine=histogram.LATENCY,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="tokens_used_total",
        kind="counter",
        category="models",
        labels=(*_MODEL, "token_type"),
        help=(
            "Tokens whose number is known; input includes cached, output includes reasoning. "
            "A type that was never counted is absent."
        ),
    ),
    Metric(
        name="gatewayz_token_count_source_total",
        kind="counter",
        category="models",
        labels=(*_MODEL, "source"),
        help="Inference requests by where their token numbers come from.",
    ),
    Metric(
        name="gatewayz_token_efficiency",
        kind="gauge",
        category="models",
        labels=("model",),
        help="Output tokens over input tokens of a model since counting began; absent while either is not known.",
    ),
    Metric(
        name="gatewayz_model_uptime_24h",
        kind="gauge",
        category="models",
        labels=("model",),
        help=(
            "Successes over successes plus provider faults in the last 24 hour buckets, from 0 to 1; "
            "absent without such requests."
        ),
    ),
    Metric(
        name="tokenpulse_finish_reasons_total",
        kind="counter",
        category="models",
        labels=(*_MODEL, "finish_reason"),
        help=f"Answers by the finish reason their provider gave; {_WORDS}",
    ),
    Metric(
        name="tokenpulse_errors_by_type_total",
        kind="counter",
        category="models",
        labels=(*_MODEL, "error_type"),
        help=f"Requests that failed by error type, by outcome where there was none; {_WORDS}",
    ),
    Metric(
        name="tokenpulse_cache_write_tokens_total",
        kind="counter",
        category="models",
        labels=_MODEL,
        help="Input tokens written to a prompt cache; part of input in tokens_used_total. Absent if never counted.",
    ),
    Metric(
        name="time_to_first_chunk_seconds",
        kind="histogram",
        category="performance",
        labels=_MODEL,
        help="Time from a streamed request's arrival to its first content, in seconds.",
        bounds=histogram.TIME_TO_FIRST_CHUNK,
        fine=histogram.TTFT,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="backend_ttfb_seconds",
        kind="histogram",
        category="performance",
        labels=(*_MODEL, "endpoint"),
        help="Time from an inference request's arrival to the start of its response, in seconds.",
        bounds=histogram.BACKEND_TTFB,
        fine=histogram.ENDPOINT,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="streaming_duration_seconds",
        kind="histogram",
        category="performance",
        labels=(*_MODEL, "endpoint"),
        help="Time from the start of a streamed response to its end, in seconds.",
        bounds=histogram.BACKEND_TTFB,
        fine=histogram.ENDPOINT,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="tokenpulse_time_per_output_token_seconds",
        kind="histogram",
        category="performance",
        labels=_MODEL,
        help="Time from a stream's first content to its last over its output tokens less one, in seconds.",
        bounds=histogram.VLLM_TPOT,
        fine=histogram.TPOT,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="tokenpulse_inter_token_seconds_total",
        kind="counter",
        category="performance",
        labels=_MODEL,
        help="Gaps between the content events of streams, each times its tokens, in seconds.",
    ),
    Metric(
        name="tokenpulse_inter_token_tokens_total",
        kind="counter",
        category="performance",
        labels=_MODEL,
        help="Tokens in tokenpulse_inter_token_seconds_total.",
    ),
    Metric(
        name="tokenpulse_send_wait_seconds_total",
        kind="counter",
        category="performance",
        labels=_MODEL,
        help="Time servers kept the app waiting to send its answers, as they do for slow clients, in seconds.",
    ),
)
