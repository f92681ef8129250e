"""Rows become text that the official parsers read back."""

from math import inf

from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from tokenpulse_reader.exposition.metric import Metric
from tokenpulse_reader.exposition.render import (
    bound_text,
    render_body,
    render_openmetrics_head,
    render_text_head,
)
from tokenpulse_shared import histogram
from tokenpulse_shared.names import printable
from tokenpulse_shared.totals_records import HistogramTotals

GAUGE = Metric(name="load", kind="gauge", category="system", labels=("model",), help="Some load.")
DURATION = Metric(
    name="wait_seconds",
    kind="histogram",
    category="system",
    labels=("model",),
    help="Some wait.",
    bounds=(0.5, 1, 5),
    fine=(0.25, 0.5, 1.0, 2.0, 5.0),
    sum_divisor=1_000_000,
)


def test_a_histogram_is_written_whole() -> None:
    """Buckets are summed from the fine ones, the sum is in the exposed unit."""
    body = render_body(DURATION, [(("m",), HistogramTotals([1, 2, 0, 3, 1, 4], 12_500_000))])

    assert body == (
        b'wait_seconds_bucket{model="m",le="0.5"} 3\n'
        b'wait_seconds_bucket{model="m",le="1.0"} 3\n'
        b'wait_seconds_bucket{model="m",le="5.0"} 7\n'
        b'wait_seconds_bucket{model="m",le="+Inf"} 11\n'
        b'wait_seconds_count{model="m"} 11\n'
        b'wait_seconds_sum{model="m"} 12.5\n'
    )


def test_a_histogram_without_labels_has_only_le() -> None:
    """No stray comma or empty braces."""
    bare = Metric(
        name="w", kind="histogram", category="system", labels=(), help="W.", bounds=(1,), fine=(1.0,)
    )

    assert render_body(bare, [((), HistogramTotals([1, 1], 3))]) == (
        b'w_bucket{le="1.0"} 1\nw_bucket{le="+Inf"} 2\nw_count 2\nw_sum 3.0\n'
    )


def test_names_that_become_the_same_are_one_series() -> None:
    """Prometheus refuses a whole scrape in which a series occurs twice."""
    body = render_body(GAUGE, [(("a\x01",), 1), (("b",), 2), (("a\x02",), 3)])

    assert body.decode() == 'load{model="a\ufffd"} 3\nload{model="b"} 2\n'


def test_a_metric_without_labels_has_no_braces() -> None:
    """As Prometheus' own clients write it."""
    bare = Metric(name="up", kind="gauge", category="system", labels=(), help="Up.")

    assert render_body(bare, [((), 1)]) == b"up 1\n"


def test_heads() -> None:
    """Info is a gauge in 0.0.4; OpenMetrics has a type for it and names units."""
    info = Metric(name="app_info", kind="info", category="system", labels=("version",), help="Apps.")

    assert render_text_head(info) == b"# HELP app_info Apps.\n# TYPE app_info gauge\n"
    assert render_openmetrics_head(info) == b"# HELP app Apps.\n# TYPE app info\n"
    assert render_openmetrics_head(DURATION) == (
        b"# HELP wait_seconds Some wait.\n# TYPE wait_seconds histogram\n# UNIT wait_seconds seconds\n"
    )


def test_bounds_are_spelt_as_by_the_official_client() -> None:
    """Dashboards match le as text."""
    bounds = (1e-5, 0.1, 1, 2.5, 100, 1_000_000, float("inf"))

    assert [bound_text(bound) for bound in bounds] == ["1e-05", "0.1", "1.0", "2.5", "100.0", "1e+06", "+Inf"]


@given(st.text(st.characters(max_codepoint=0x10FFFF)))
def test_no_label_value_breaks_a_scrape(name: str) -> None:
    """Whatever a name holds, both parsers read one sample with the printable name."""
    body = render_body(GAUGE, [((name,), 1.5)]).decode()
    text = render_text_head(GAUGE).decode() + body
    openmetrics = f"{render_openmetrics_head(GAUGE).decode()}{body}# EOF\n"

    for family in (*parse_text(text), *parse_openmetrics(openmetrics)):
        assert [(sample.labels, sample.value) for sample in family.samples] == [
            ({"model": printable(name)}, 1.5)
        ]


@given(st.text(), st.lists(st.one_of(st.sampled_from(DURATION.fine), st.floats(0.0, 10.0)), max_size=50))
def test_cumulative_counts_are_exact(name: str, values: list[float]) -> None:
    """Values on a boundary count at or below it, as `le` says, for any label."""
    counts = [0] * (len(DURATION.fine) + 1)
    for value in values:
        counts[histogram.bucket_of(DURATION.fine, value)] += 1
    body = render_body(DURATION, [((name,), HistogramTotals(counts, 0))]).decode()
    (family,) = parse_text(render_text_head(DURATION).decode() + body)
    buckets = [sample.value for sample in family.samples if sample.name == "wait_seconds_bucket"]

    assert buckets == [sum(value <= bound for value in values) for bound in (*DURATION.bounds, inf)]
