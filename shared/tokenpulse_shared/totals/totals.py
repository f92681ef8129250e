"""Field names inside the hashes that only ever grow: what Prometheus counters and histograms are read from.

`totals:{provider}:<model>`: every name of `WINDOW_COUNTERS`, and
    latency_success:<le>  latency_error:<le>       requests by latency, in the bucket below <le> alone
    latency_success_us    latency_error_us         their sums
    ttft:<le>                                      streams by time to first token (sum: ttft_us)
    tpot:<le>                                      streams by time per output token (sum: tpot_us)
    ttfb:<le>:<endpoint>  ttfb_us:<endpoint>       requests by time to the response's start
    streaming:<le>:<endpoint>  streaming_us:<endpoint>  streams by time from the response's start to its end
    cost:<le>                                      priced requests by cost in USD (sum: total_cost)
    cost_per_1k:<le>      cost_per_1k_nano         priced requests by USD per 1,000 tokens; sum in nano-USD
    input_tokens:<le>     output_tokens:<le>       requests by tokens, where known (sums: tokens_input, tokens_output)
    finish:<reason>                                answers by finish reason
    error:<type>                                   failures by error type, by outcome where there is none
`totals:{provider}`: every name of `WINDOW_COUNTERS`, and `writer:<id>` → `sequence:epoch`, the guards.
    exemplar                                       the last request with a trace, of a model: see `exemplar`
These and `http:{app}` have `created`: when they began, epoch microseconds of Redis' clock; missing where an older
release began them.

`http:{app}`: a field is the JSON array of its labels:
    ["requests", method, route, status]            exchanges
    ["duration", method, route, status, le]        exchanges by duration; ["duration_us", method, route, status] the sum
    ["request_size", method, route, le]            by size in bytes; ["request_bytes", method, route] the sum
    ["response_size", method, route, le]           ["response_bytes", method, route]
    ["exceptions", type]                           exceptions that left the app, by class name
    ["internal", name]                             tokenpulse's own counters, see `tokenpulse.guard`
    `writer:<id>`                                  the guards

`gateway:{gateway}:<hour>`: success, errors, latency_us, latency_count.
`writers:{app}`: writer id → JSON {at (epoch s), started_at, version, host, pid, in_progress: [[method, route, n]],
stats: {…}}. All sums are integers: `_us` microseconds, `_nano` nano-USD, `_bytes` bytes.
"""

from typing import Final

import orjson

LATENCY_SUCCESS: Final = "latency_success"
LATENCY_ERROR: Final = "latency_error"
TTFT: Final = "ttft"
TPOT: Final = "tpot"
TTFB: Final = "ttfb"
STREAMING: Final = "streaming"
COST: Final = "cost"
COST_PER_1K: Final = "cost_per_1k"
INPUT_TOKENS: Final = "input_tokens"
OUTPUT_TOKENS: Final = "output_tokens"
FINISH: Final = "finish"
ERROR: Final = "error"

CREATED: Final = "created"
EXEMPLAR: Final = "exemplar"
GATEWAY_FIELDS: Final = ("success", "errors", "latency_us", "latency_count")
GUARD_FIELD_PREFIX: Final = "writer:"


def http_field(*labels: str | int) -> str:
    """Return the field of `http:{app}` that counts these labels."""
    return orjson.dumps(labels).decode()


def http_labels(field: str | bytes) -> tuple[str | int, ...] | None:
    """Return the labels a field of `http:{app}` counts, None for a guard or anything else."""
    try:
        labels = orjson.loads(field)
    except orjson.JSONDecodeError:
        return None
    return tuple(labels) if isinstance(labels, list) else None
