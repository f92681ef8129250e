"""The metric table is complete and consistent."""

import re

import pytest

from tokenpulse_reader.exposition.families import COLLECTORS
from tokenpulse_reader.exposition.metric import Metric
from tokenpulse_reader.exposition.profiles import METRICS_OF, PROFILES, Profile

METRICS = [metric for metrics in METRICS_OF.values() for metric in metrics]


def _id(metric: Metric) -> str:
    return metric.name


def test_every_metric_has_one_collector() -> None:
    """A row without a collector would crash the reader, a collector without a row would never run."""
    assert sorted(COLLECTORS) == sorted(metric.name for metric in METRICS)


def test_no_two_families_or_samples_share_a_name() -> None:
    """Both formats forbid it."""
    openmetrics = [metric.openmetrics_name for metric in METRICS]
    samples = [name for metric in METRICS for name in {*metric.names, metric.openmetrics_name}]

    assert len(set(samples)) == len(samples)
    assert len(set(openmetrics)) == len(openmetrics)


@pytest.mark.parametrize("metric", METRICS, ids=_id)
def test_row_is_well_formed(metric: Metric) -> None:
    """Names are legal, help needs no escaping, counters end in _total, buckets are exact."""
    assert re.fullmatch(r"(vllm:)?[a-z][a-z0-9_]*", metric.name)
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", label) and label != "le" for label in metric.labels)
    assert metric.help
    assert not set(metric.help) & set('\\"\n|')
    assert metric.name.endswith("_total") == (metric.kind == "counter")
    assert metric.name.endswith("_info") == (metric.kind == "info")
    assert metric.kind == "histogram" or not metric.bounds
    assert list(metric.bounds) == sorted(set(metric.bounds))
    assert set(metric.bounds) <= set(metric.fine)


def test_openmetrics_names_drop_what_belongs_to_the_sample() -> None:
    """In OpenMetrics a counter's family has no _total, unless a gauge has that name already."""
    by_name = {metric.name: metric for metric in METRICS}

    assert by_name["tokens_used_total"].openmetrics_name == "tokens_used"
    assert by_name["fastapi_app_info"].openmetrics_name == "fastapi_app"
    assert by_name["gatewayz_cost_by_provider_total"].openmetrics_name == "gatewayz_cost_by_provider_total"
    assert by_name["fastapi_request_size_bytes"].openmetrics_unit == "bytes"
    assert by_name["health_score"].openmetrics_unit is None


@pytest.mark.parametrize("profile", PROFILES)
def test_every_profile_has_metrics(profile: Profile) -> None:
    """A profile is chosen to be served."""
    assert METRICS_OF[profile]
