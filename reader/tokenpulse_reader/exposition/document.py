"""Write docs/metrics.md from the metric table: `python -m tokenpulse_reader.exposition.document > docs/metrics.md`."""

import sys
from collections.abc import Iterator
from typing import Final

from tokenpulse_reader.exposition.metric import CATEGORIES, Category, Metric
from tokenpulse_reader.exposition.render import bound_text
from tokenpulse_reader.exposition.table import METRICS

_TITLES: Final[dict[Category, str]] = {
    "system": "HTTP, Redis, tokenpulse itself",
    "providers": "Providers",
    "models": "Models",
    "business": "Cost",
    "performance": "Speed",
}
_HEAD: Final = """\
# Metrics

<!-- Written by `python -m tokenpulse_reader.exposition.document > docs/metrics.md`; a test compares them. -->

The reader serves all of these at `/metrics` and at `/prometheus/metrics/all`, and each section below at
`/prometheus/metrics/<category>`. Counters and histograms are read from Redis: they are the sums over all
workers of all hosts, and go on over restarts of workers and readers. Every reader of one Redis serves the same
numbers, so scrape one of them, or take `max without (instance)` over several.

- **Formats.** Text 0.0.4, or OpenMetrics 1.0 when `Accept` names it; gzip when `Accept-Encoding` does. In
  OpenMetrics a family is named without `_total` or `_info`, its samples are not.
- **Filter.** `?name[]=tokens_used_total&name[]=health_score` gives only these families; a histogram's
  `_bucket`, `_sum` or `_count` stands for all of it. Names that do not exist give nothing.
- **What is not known has no sample.** A provider without enough requests has no health score, a model whose
  requests had no price has no cost. Absent is never zero.
- **Buckets** are exact: every request is counted in its bucket when it ends.
- **Other names.** A name beyond the limits of providers, models, routes counts under `__other__`.
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


if __name__ == "__main__":
    sys.stdout.write("\n".join((*document(), "")))
