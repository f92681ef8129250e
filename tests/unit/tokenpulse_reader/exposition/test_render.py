"""Rows become text that the official parsers read back."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

from tokenpulse_reader.exposition.metric import Kind, Metric
from tokenpulse_reader.exposition.render import (
    ROWS_A_PIECE,
    bound_text,
    render_openmetrics_head,
    render_pieces,
    render_text_head,
)
from tokenpulse_reader.exposition.rows import Row, SummaryTotals
from tokenpulse_shared import histogram
from tokenpulse_shared.names import printable
from tokenpulse_shared.totals.totals_records import HistogramTotals

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


def _body(metric: Metric, rows: list[Row]) -> bytes:
    return b"".join(render_pieces(metric, rows))


def test_a_histogram_is_written_whole() -> None:
    """Buckets are summed from the fine ones, the sum is in the exposed unit."""
    body = _body(DURATION, [(("m",), HistogramTotals([1, 2, 0, 3, 1, 4], 12_500_000))])

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

    assert _body(bare, [((), HistogramTotals([1, 1], 3))]) == (
        b'w_bucket{le="1.0"} 1\nw_bucket{le="+Inf"} 2\nw_count 2\nw_sum 3.0\n'
    )


def test_names_that_become_the_same_are_one_series() -> None:
    """Prometheus refuses a whole scrape in which a series occurs twice."""
    body = _body(GAUGE, [(("a\x01",), 1), (("b",), 2), (("a\x02",), 3)])

    assert body.decode() == 'load{model="a\ufffd"} 1\nload{model="b"} 2\n'


def test_a_metric_without_labels_has_no_braces() -> None:
    """As Prometheus' own clients write it."""
    bare = Metric(name="up", kind="gauge", category="system", labels=(), help="Up.")

    assert _body(bare, [((), 1)]) == b"up 1\n"


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
    body = _body(GAUGE, [((name,), 1.5)]).decode()
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
    body = _body(DURATION, [((name,), HistogramTotals(counts, 0))]).decode()
    (family,) = parse_text(render_text_head(DURATION).decode() + body)
    buckets = [sample.value for sample in family.samples if sample.name == "wait_seconds_bucket"]

    assert buckets == [sum(value <= bound for value in values) for bound in (*DURATION.bounds, inf)]


def test_a_summary_is_its_count_with_its_sum() -> None:
    """Without quantiles: those of several processes cannot be added."""
    waits = Metric(
        name="w_seconds",
        kind="summary",
        category="system",
        labels=("table",),
        help="W.",
        sum_divisor=1_000_000,
    )
    body = _body(waits, [(("totals",), SummaryTotals(4, 1_500_000))])

    assert body == b'w_seconds_count{table="totals"} 4\nw_seconds_sum{table="totals"} 1.5\n'
    assert render_openmetrics_head(waits).startswith(b"# HELP w_seconds W.\n# TYPE w_seconds summary\n")


def test_created_follows_a_series_where_it_is_known() -> None:
    """OpenMetrics tells when a counter began; a series of which nobody knows is silent."""
    counter = Metric(name="n_total", kind="counter", category="system", labels=("model",), help="N.")
    began = {("a",): 1_000.5, ("b",): None}
    lines = b"".join(render_pieces(counter, [(("a",), 1), (("b",), 2)], began.get))
    histogram_lines = b"".join(
        render_pieces(DURATION, [(("a",), HistogramTotals([0] * 6, 0))], {("a",): 7.0}.get)
    )

    assert lines == b'n_total{model="a"} 1\nn_created{model="a"} 1000.5\nn_total{model="b"} 2\n'
    assert histogram_lines.endswith(b'wait_seconds_sum{model="a"} 0.0\nwait_seconds_created{model="a"} 7.0\n')


def test_text_comes_in_pieces() -> None:
    """No step of the rendering is long; together the pieces are the whole."""
    rows: list[Row] = [((f"m{number}",), number) for number in range(2 * ROWS_A_PIECE + 1)]
    pieces = list(render_pieces(GAUGE, rows))

    assert [piece.count(b"\n") for piece in pieces] == [ROWS_A_PIECE, ROWS_A_PIECE, 1]
    assert b"".join(pieces).splitlines()[-1] == b'load{model="m128"} 128'


@pytest.mark.parametrize("kind", ["histogram", "summary"])
def test_a_number_is_no_histogram(kind: Kind) -> None:
    """A collector of the wrong kind is a mistake that shows."""
    metric = Metric(name="w", kind=kind, category="system", labels=(), help="W.")

    with pytest.raises(TypeError, match=f"1 is no {kind}"):
        _body(metric, [((), 1)])
