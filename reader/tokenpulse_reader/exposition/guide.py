"""The page `/prometheus/metrics/docs`: each metric with how to fetch it, how to ask for it, from the metric table."""

from collections.abc import Iterator
from typing import Final

from tokenpulse_reader.exposition.metric import CATEGORIES, Metric
from tokenpulse_reader.exposition.profiles import METRICS_OF, Profile
from tokenpulse_reader.exposition.render import bound_text

_HEAD: Final = """\
# Metrics of this reader

Everything: `curl -s {base}/metrics`. By category: `curl -s {base}/prometheus/metrics/<category>` with one of \
{categories}. Single families: `curl -sg '{base}/metrics?name[]=<name>'`. In numbers: \
`curl -s {base}/prometheus/metrics/summary`. With a token set, add `-H "Authorization: Bearer $TOKENPULSE_API_TOKEN"`.

Scrape it with Prometheus:

```yaml
scrape_configs:
  - job_name: tokenpulse
    static_configs:
      - targets: ["{host}"]
```
"""
_INTRODUCED: Final[dict[Profile, str]] = {
    "tokenpulse": "Metrics",
    "otel": "Under the names of OpenTelemetry: `?profile=otel`",
    "vllm": "Under the names of vLLM: `?profile=vllm`",
}


def promql(metric: Metric) -> str:
    """Return a question that suits the metric's type."""
    by = ", ".join(metric.labels)
    if metric.kind == "histogram" and metric.bounds:
        grouped = ", ".join(("le", *metric.labels))
        return f"histogram_quantile(0.95, sum by ({grouped}) (rate({metric.name}_bucket[5m])))"
    if metric.kind in ("histogram", "summary"):
        return f"rate({metric.name}_sum[5m]) / rate({metric.name}_count[5m])"
    if metric.kind == "counter":
        return f"sum by ({by}) (rate({metric.name}[5m]))" if by else f"rate({metric.name}[5m])"
    return f"max by ({by}) ({metric.name})" if by else metric.name


def guide(base_url: str) -> str:
    """Return the page; `base_url`: how the reader was asked, as `http://host:9100`."""
    host = base_url.partition("://")[2]
    head = _HEAD.format(base=base_url, host=host, categories=", ".join(CATEGORIES))
    return "\n".join((head, *_sections(base_url)))


def _sections(base_url: str) -> Iterator[str]:
    for profile, metrics in METRICS_OF.items():
        yield from (f"## {_INTRODUCED[profile]}", "")
        for metric in metrics:
            yield from _entry(metric, profile, base_url)


def _entry(metric: Metric, profile: Profile, base_url: str) -> Iterator[str]:
    query = f"name[]={metric.name}" if profile == "tokenpulse" else f"profile={profile}&name[]={metric.name}"
    labels = ", ".join(f"`{label}`" for label in metric.labels) or "none"
    yield from (f"### {metric.name}", "", f"{metric.help}", "")
    yield f"- type: {metric.kind}; category: {metric.category}; labels: {labels}"
    if metric.bounds:
        yield f"- buckets: {' '.join(bound_text(bound).removesuffix('.0') for bound in metric.bounds)}"
    yield f"- curl: `curl -sg '{base_url}/metrics?{query}'`"
    yield f"- PromQL: `{promql(metric)}`"
    yield ""
