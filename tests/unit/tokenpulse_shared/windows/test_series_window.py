"""Windows of series: sums, hours, coverage."""

import pytest

from tokenpulse_shared.health.provider_health import compute_provider_health
from tokenpulse_shared.sketch import Sketch
from tokenpulse_shared.windows.series_window import Row, Series, SeriesWindow, merged
from tokenpulse_shared.windows.timespan import minutes_span

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
BEGIN = 1_715_765_400  # 09:30


def window(*rows: Row) -> SeriesWindow:
    return SeriesWindow(series=Series("p", None), span=minutes_span(NOW, 60), rows=rows)


def row(start: int, requests: int, successes: int, **counters: int) -> Row:
    sketch = Sketch({0: requests})
    return Row(
        start, {"total_requests": requests, "successful_requests": successes, **counters}, {"latency": sketch}
    )


def test_the_sum_leaves_the_rows_alone() -> None:
    rows = row(BEGIN, 2, 1), row(BEGIN + 3600, 5, 5)
    total = window(*rows).total()

    assert (total.requests, total.successes, total.failures) == (7, 6, 1)
    assert total.sketch("latency").count == 7
    assert [held.requests for held in rows] == [2, 5]
    assert rows[0].sketch("latency").count == 2


def test_hours_add_up_to_the_sum() -> None:
    held = window(row(BEGIN, 1, 1), row(BEGIN + 60, 2, 2), row(BEGIN + 1800, 4, 4))

    assert {hour: each.requests for hour, each in held.by_hour().items()} == {
        "2024-05-15:09": 3,
        "2024-05-15:10": 4,
    }
    assert merged(held.by_hour().values()).counters == held.total().counters


def test_coverage_is_the_part_since_the_first_data() -> None:
    assert window(row(BEGIN + 900, 1, 1)).coverage == pytest.approx(2720 / 3620)
    assert window(row(BEGIN, 1, 1)).coverage == 1.0
    assert window().coverage == 0.0


def test_what_was_not_measured_is_none() -> None:
    empty = Row(0)
    assert empty.mean_seconds("latency") is None
    assert empty.sketch("tpot").count == 0
    assert (empty.requests, empty.failures, empty.cost_usd) == (0, 0, 0.0)


def test_faults_are_the_providers_only() -> None:
    counted = Row(
        0, {"outcome:timeout": 1, "outcome:truncated": 2, "outcome:caller_error": 4, "outcome:cancelled": 8}
    )
    assert counted.faults == 3


@pytest.mark.parametrize(
    ("counters", "judged"),
    [
        ({"latency_us": 9_000, "latency_count": 3}, (9_000, 3)),
        (
            {
                "latency_us": 9_000,
                "latency_count": 3,
                "unjudged_latency_us": 4_000,
                "unjudged_latency_count": 2,
            },
            (5_000, 1),
        ),
        (
            {
                "latency_us": 4_000,
                "latency_count": 2,
                "unjudged_latency_us": 4_000,
                "unjudged_latency_count": 2,
            },
            (0, 0),
        ),
        (
            {
                "latency_us": 3_000,
                "latency_count": 3,
                "unjudged_latency_us": 4_000,
                "unjudged_latency_count": 2,
            },
            (0, 0),
        ),
        ({"unjudged_latency_us": 0, "unjudged_latency_count": 1}, (0, 0)),
        ({}, (0, 0)),
    ],
    ids=["of an older writer", "some", "all", "sum contradicts", "count contradicts", "nothing"],
)
def test_judged_latency_is_what_is_left(counters: dict[str, int], judged: tuple[int, int]) -> None:
    """Without the latencies that say nothing of the provider; never a mean below zero."""
    assert Row(0, counters).judged_latency == judged


def test_health_looks_at_five_minutes_and_the_current_one() -> None:
    """10:24 is out, 10:25 is in."""
    minute = int(NOW // 60) * 60
    held = window(
        row(minute - 360, 50, 0, **{"outcome:timeout": 50}),
        row(minute - 300, 6, 6, latency_us=6_000_000, latency_count=6),
        row(minute, 2, 0, **{"outcome:timeout": 1, "outcome:caller_error": 1}),
    )
    health = compute_provider_health(held, 10.0)

    assert (health.provider, health.computed_at, health.window.begin) == ("p", NOW, minute - 300)
    assert health.coverage == 1.0
    assert (health.health.sample_count, health.health.success_rate) == (7, 6 / 7)
    assert health.health.average_latency_seconds == 1.0


def test_coverage_of_health_is_that_of_its_five_minutes() -> None:
    """First data in the current minute, 20 s ago: 20 of 320 s; older data is not in it."""
    minute = int(NOW // 60) * 60

    assert (
        compute_provider_health(window(row(minute - 360, 1, 1), row(minute, 1, 1)), 10.0).coverage == 20 / 320
    )
    assert compute_provider_health(window(row(minute - 360, 1, 1)), 10.0).coverage == 0.0
    assert compute_provider_health(window(), 10.0).coverage == 0.0


def test_a_summed_window_keeps_what_it_rests_on() -> None:
    """One row, however many there were."""
    held = SeriesWindow(
        series=Series("p", None),
        span=minutes_span(NOW, 60),
        rows=(row(BEGIN + 900, 1, 1), row(BEGIN + 960, 2, 1)),
        corrupt_keys=3,
    )
    total = held.summed()

    assert (total.series, total.row.requests, total.corrupt_keys) == (Series("p", None), 3, 3)
    assert total.coverage == pytest.approx(2720 / 3620)
