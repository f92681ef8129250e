"""Write docs/metrics.md from the metric table: `python -m tokenpulse_reader.exposition.document > docs/metrics.md`."""

import sys
from collections.abc import Iterator
from typing import Final

from tokenpulse_reader.exposition.metric import CATEGORIES, Category, Metric
from tokenpulse_reader.exposition.profiles import METRICS_OF, Profile
from tokenpulse_reader.exposition.render import bound_text
from tokenpulse_reader.exposition.table import METRICS

_TITLES: Final[dict[Category, str]] = {
    "system": "HTTP, Redis, tokenpulse itself",
    "providers": "Providers",
    "models": "Models",
    "business": "Cost",
    "performance": "Speed",
}
_PROFILES: Final[dict[Profile, tuple[str, str]]] = {
    "otel": (
        "OpenTelemetry's names",
        (
            "`gen_ai_operation_name` is always `inference`: what a model does is not counted apart, and a label taken from "
            "what it did so far would change with its next kind of request, which ends a series. Nor is the response's own "
            "model counted apart, so there is no `gen_ai_response_model`."
        ),
    ),
    "vllm": (
        "vLLM's names",
        (
            "What tokenpulse does not count exactly is not made up: the gaps between tokens have a sum and a count, "
            "no buckets but the one for all."
        ),
    ),
}
_HEAD: Final = """\
# Metrics

<!-- Written by `python -m tokenpulse_reader.exposition.document > docs/metrics.md`; a test compares them. -->

The reader serves all of these at `/metrics` and at `/prometheus/metrics/all`, and each section below at
`/prometheus/metrics/<category>`. `/prometheus/metrics/summary` gives the whole in a few numbers as JSON, null where a
number is not known; `/prometheus/metrics/docs` gives each metric with its curl and its PromQL.

Counters and histograms are read from Redis: they are the sums over all workers of all hosts, and go on over restarts
of workers and readers. Every reader of one Redis serves the same numbers, so scrape one of them, or take
`max without (instance)` over several.

- **Formats.** Text 0.0.4, or OpenMetrics 1.0 when `Accept` names it; gzip when `Accept-Encoding` does. In
  OpenMetrics a family is named without `_total` or `_info`, its samples are not, and counters and histograms tell
  since when they are counted (`_created`): when Redis was emptied they begin anew, with a later `_created`.
  `model_inference_duration_seconds` and `time_to_first_chunk_seconds` carry the trace of each model's last request that
  came with a `traceparent` header, or was recorded with a `trace_id`, as an exemplar.
- **Profiles.** `?profile=otel` and `?profile=vllm` give the same numbers under the names, labels and buckets of
  OpenTelemetry's conventions for generative AI and of vLLM, so that dashboards made for these work; the setting
  `metrics_profile` chooses for scrapers that cannot say it. They are the last two sections below.
- **Filter.** `?name[]=tokens_used_total&name[]=health_score` gives only these families; a histogram's
  `_bucket`, `_sum` or `_count` stands for all of it. Names that do not exist give nothing.
- **What is not known has no sample.** A provider without enough requests has no health score, a model whose
  requests had no price has no cost. Absent is never zero.
- **Buckets** are exact: every request is counted in its bucket when it ends.
- **Other names.** A name beyond the limits of providers, models, routes counts under `__other__`.
- **A Redis Cluster** is shown as one server: the `redis_*` numbers are the sums of its masters'.
  `redis_uptime_in_seconds` is the youngest's; none is shown while a master does not answer.
- **What readers count of themselves** (`database_*`, `cache_*`, `aggregation_task_errors_total`,
  `gatewayz_detected_anomalies_total`) is added up in Redis over all readers and their restarts. A reader whose Redis
  user may only read shows its own counts on top of what others stored, and loses them when it ends.
- **Large ones** are rendered in a thread, a fifth of the time at most: past some 2,000 models the numbers may be a few
  seconds older than the snapshot.
- **While Redis is away** the last numbers stay, `redis_up` is 0, and `tokenpulse_snapshot_age_seconds` grows.

```yaml
scrape_configs:
  - job_name: tokenpulse
    static_configs:
      - targets: ["127.0.0.1:9100"]
```

| what | PromQL |
|---|---|
| 95th percentile of latency by model | `histogram_quantile(0.95, sum by (le, model) (rate(model_inference_duration_seconds_bucket[5m])))` |
| share of failed requests by provider | `sum by (provider) (rate(model_inference_requests_total{status="error"}[5m])) / sum by (provider) (rate(model_inference_requests_total[5m]))` |
| output tokens per second by model | `sum by (model) (rate(tokens_used_total{token_type="output"}[5m]))` |
| USD per hour by provider | `sum by (provider) (rate(gatewayz_api_cost_usd_total[1h])) * 3600` |
"""


def _cells(metric: Metric) -> str:
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "–"
    buckets = " ".join(bound_text(bound).removesuffix(".0") for bound in metric.bounds)
    text = f"{metric.help} Buckets: {buckets}." if buckets else metric.help
    return f"| `{metric.name}` | {metric.kind} | {labels} | {text} |"


def document() -> Iterator[str]:
    """Yield the lines of docs/metrics.md."""
    yield from _HEAD.splitlines()
    for category in CATEGORIES:
        yield from ("", f"## {_TITLES[category]}", "", f"`/prometheus/metrics/{category}`", "")
        yield from ("| metric | type | labels | meaning |", "|---|---|---|---|")
        yield from (_cells(metric) for metric in METRICS if metric.category == category)
    for profile, (title, about) in _PROFILES.items():
        yield from ("", f"## {title}", "", f"`?profile={profile}`. {about}", "")
        yield from ("| metric | type | labels | meaning |", "|---|---|---|---|")
        yield from (_cells(metric) for metric in METRICS_OF[profile])


if __name__ == "__main__":
    sys.stdout.write("\n".join((*document(), "")))
