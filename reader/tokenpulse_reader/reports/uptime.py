"""Whether a model answers, how fast, over three windows that end now, pure.

Uptime is the share of successes among successes with provider faults, as in the health scores: what the caller got
wrong, or broke off, says nothing of it.
"""

from math import ceil
from typing import Any, Final

from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.economy import known_requests
from tokenpulse_reader.reports.units import iso, milliseconds, ratio
from tokenpulse_shared.sketch import Sketch
from tokenpulse_shared.windows.series_window import Row, SeriesWindow, WindowTotal

SHORT_MINUTES: Final = 5
LONG_MINUTES: Final = 30
DAY_HOURS: Final = 24
QUANTITIES: Final = ("latency", "ttft", "tpot")
"""The sketches that are read of the long window."""
_PERCENTILES: Final = (50.0, 75.0, 90.0, 99.0)
_NAMES: Final = ("p50", "p75", "p90", "p99")


def uptime_json(half_hour: SeriesWindow, day: WindowTotal) -> dict[str, Any]:
    """Return `/uptime/{provider}/{model}`; `half_hour`: of minutes, with sketches. `day`: counters suffice.

    Uptimes are 0–1, None when nothing tells; latencies milliseconds, throughputs output tokens a second once a
    stream runs. Percentiles are nearest rank, within 1.1 %; p99 of a throughput is that of a fast stream.
    """
    end = half_hour.span.end
    short = half_hour.since(int(end // 60) * 60 - SHORT_MINUTES * 60)
    long = half_hour.total()
    return {
        "timestamp": iso(end),
        "provider": half_hour.series.provider,
        "model": half_hour.series.model,
        **{
            f"uptime_{name}": ratio(row.successes, row.successes + row.faults)
            for name, row in (("5m", short), ("30m", long), ("24h", day.row))
        },
        "requests_5m": known_requests(long, short.requests),
        "requests_30m": known_requests(long, long.requests),
        "requests_24h": known_requests(day.row, day.row.requests),
        "latency_30m": _milliseconds_json(long, "latency"),
        "ttft_30m": _milliseconds_json(long, "ttft"),
        "throughput_30m": dict(zip(_NAMES, _throughputs(long.sketch("tpot")), strict=True)),
        "units": {"latency_30m": "ms", "ttft_30m": "ms", "throughput_30m": "tokens/s"},
        "coverage_30m": half_hour.coverage,
        **basis(day.coverage, half_hour.corrupt_keys + day.corrupt_keys),
    }


def _milliseconds_json(row: Row, quantity: str) -> dict[str, float | None]:
    values = row.sketch(quantity).quantiles(_PERCENTILES)
    return {name: milliseconds(value) for name, value in zip(_NAMES, values, strict=True)}


def _throughputs(sketch: Sketch) -> list[float | None]:
    """Return nearest-rank speeds from the times per token: the k-th slowest has the k-th longest time.

    Worked: 200 streams; p99 is the 198th speed from below, so the third time from below: rank 200 − 198 + 1.
    """
    count = sketch.count
    if not count:
        return [None] * len(_PERCENTILES)
    ranks = [count - ceil(percentile * count / 100 - 1e-9) + 1 for percentile in _PERCENTILES]
    times = sketch.quantiles(tuple(100.0 * rank / count for rank in ranks))
    return [round(1.0 / seconds, 3) if seconds else None for seconds in times]
