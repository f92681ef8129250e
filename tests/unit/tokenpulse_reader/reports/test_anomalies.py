"""Anomalies: every kind, every bound, baselines that survive the incident."""

from collections.abc import Sequence
from typing import Any

import pytest

from tokenpulse_reader.reports.anomalies import Anomaly, detect_anomalies, ongoing
from tokenpulse_shared.windows.series_window import Row, Series, SeriesWindow
from tokenpulse_shared.windows.timespan import hours_span

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
HOUR = 3600


def hour_row(start: int, requests: int = 100, **given: float) -> Row:
    """Return an hour of calls that cost `cost` USD and took `latency`, `ttft` seconds on average."""
    faults, caller_errors = int(given.get("faults", 0)), int(given.get("caller_errors", 0))
    counters = {
        "total_requests": requests,
        "successful_requests": requests - faults - caller_errors,
        "outcome:provider_error": faults,
        "outcome:caller_error": caller_errors,
        "total_cost": round(given.get("cost", 4.0) * 1e9),
        "unpriced_requests": int(given.get("unpriced", 0)),
        "latency_count": requests,
        "latency_us": round(given.get("latency", 1.0) * requests * 1e6),
        "ttft_count": requests,
        "ttft_us": round(given.get("ttft", 0.5) * requests * 1e6),
    }
    return Row(start, counters)


def window(rows: Sequence[dict[str, Any] | None], provider: str = "p", now: float = NOW) -> SeriesWindow:
    """Return a window whose last row is of the hour that `now` is in; None: an hour without data."""
    span = hours_span(now, len(rows))
    held = [hour_row(start, **row) for start, row in zip(span.starts, rows, strict=True) if row is not None]
    return SeriesWindow(series=Series(provider, None), span=span, rows=tuple(held))


def found(*windows: SeriesWindow, kind: str | None = None) -> list[Anomaly]:
    return [one for one in detect_anomalies(windows) if kind in (None, one.type)]


def test_a_spike_is_told_with_what_was_expected() -> None:
    """Five hours at 4.00 USD, one at 12.40 USD."""
    rows = [{}, {}, {"cost": 12.4}, {}, {}, {}]

    assert found(window(rows)) == [
        Anomaly(
            type="cost_spike",
            provider="p",
            start=int(NOW // HOUR) * HOUR - 3 * HOUR,
            value=12.4,
            expected=4.0,
            severity="warning",
        )
    ]


@pytest.mark.parametrize(
    ("quantity", "kind", "usual"),
    [("cost", "cost_spike", 4.0), ("latency", "latency_spike", 1.0), ("ttft", "ttft_spike", 0.5)],
)
def test_every_quantity_has_its_spike_above_twice_the_usual(quantity: str, kind: str, usual: float) -> None:
    """Twice the baseline is no spike yet; a microsecond, or a nano-dollar, more is one."""
    for value, expected in ((2 * usual, []), (2.001 * usual, [kind])):
        rows = [{}, {}, {}, {}, {quantity: value}, {}]

        assert [one.type for one in found(window(rows))] == expected


def test_an_incident_of_many_hours_is_not_its_own_baseline() -> None:
    """Each of eleven hours in a row is compared with the thirteen that were usual."""
    rows = [{}] * 12 + [{"latency": 9.0}] * 11 + [{}]
    spikes = found(window(rows))

    assert {one.type for one in spikes} == {"latency_spike"}
    assert [one.expected for one in spikes] == [1.0] * 11
    assert [one.value for one in spikes] == [9.0] * 11


@pytest.mark.parametrize(("usual", "count"), [(3, 0), (4, 1)])
def test_four_hours_of_baseline_are_needed(usual: int, count: int) -> None:
    """The tested hour is not one of them, the current hour neither."""
    rows = [{}] * usual + [{"latency": 9.0}]

    assert len(found(window([*rows, {}]))) == count
    assert len(found(window(rows))) == count


@pytest.mark.parametrize(("requests", "count"), [(19, 0), (20, 1)])
def test_twenty_requests_are_needed(requests: int, count: int) -> None:
    """In the tested hour, and in the baseline together."""
    tested = [{}, {}, {}, {}, {"latency": 9.0, "requests": requests, "cost": 0.0}, {}]
    baseline = [{"requests": part, "cost": 0.0} for part in (5, 5, 5, requests - 15)]

    assert len(found(window(tested), kind="latency_spike")) == count
    assert len(found(window([*baseline, {"latency": 9.0}]), kind="latency_spike")) == count


@pytest.mark.parametrize(
    ("faults", "expected"),
    [(100, []), (101, ["warning"]), (250, ["warning"]), (251, ["critical"]), (1000, ["critical"])],
)
def test_error_rates_have_two_bounds(faults: int, expected: list[str]) -> None:
    """Above 10 % is a warning, above 25 % critical; no baseline is needed."""
    errors = found(window([{"requests": 1000, "faults": faults}]))

    assert [one.severity for one in errors] == expected
    assert [(one.value, one.expected) for one in errors] == [(faults / 1000, 0.05)] * len(expected)


def test_errors_of_callers_are_no_errors_of_the_provider() -> None:
    """They are not judged at all: what is left must be enough by itself."""
    assert found(window([{"requests": 100, "caller_errors": 60}])) == []
    assert found(window([{"requests": 100, "caller_errors": 81, "faults": 19}])) == []
    assert [one.value for one in found(window([{"requests": 100, "caller_errors": 60, "faults": 8}]))] == [
        0.2
    ]


def test_an_unknown_cost_is_neither_tested_nor_a_baseline() -> None:
    """Hours without a price would make every priced one a spike."""
    rows = [{"cost": 0.0, "unpriced": 100}] * 8 + [{"cost": 12.4}, {}, {}, {}]

    assert found(window(rows)) == []


def test_free_hours_make_no_spike() -> None:
    """Of nothing there is no twice."""
    assert found(window([{"cost": 0.0}] * 8 + [{"cost": 5.0}, {}])) == []


def test_the_current_hour_is_tested_but_is_no_baseline() -> None:
    """Half an hour that already costs too much is told now; its sums are not yet those of an hour."""
    assert [one.type for one in found(window([{}, {}, {}, {}, {"cost": 9.0}]))] == ["cost_spike"]
    assert found(window([{}, {}, {}, {"cost": 9.0}, {}])) == []
    assert found(window([{}] * 6 + [{"requests": 1, "cost": 0.04}])) == []


def test_an_outage_is_a_drop_until_it_is_over() -> None:
    """Hours in which nothing came have no row; they count."""
    rows: list[dict[str, Any] | None] = [{}] * 10 + [{"requests": 30}, None, None] + [{}] * 4
    drops = found(window(rows), kind="traffic_drop")

    assert [(one.value, one.expected) for one in drops] == [(0.0, 100.0), (0.0, 100.0), (30.0, 100.0)]


def test_less_than_half_is_a_drop() -> None:
    """Half is none."""
    for requests, count in ((50, 0), (49, 1)):
        rows = [{}] * 6 + [{"requests": requests}, {}]

        assert len(found(window(rows), kind="traffic_drop")) == count


def test_a_night_that_falls_slowly_is_no_drop() -> None:
    """From 1,000 an hour to 100 and back, by a fifth every hour."""
    fall = [round(1000 * 0.8**hour) for hour in range(11)]
    rows = [{"requests": requests} for requests in (*fall, *reversed(fall), *fall, *reversed(fall), 1000)]

    assert found(window(rows), kind="traffic_drop") == []


def test_an_evening_like_yesterdays_is_no_drop() -> None:
    """Fourteen busy hours, ten quiet ones: sudden, but the same every day; the first day tells nothing of it."""
    day = [{"requests": 200}] * 14 + [{"requests": 2}] * 10
    drops = found(window([*day, *day, {}]), kind="traffic_drop")

    first_day_ends = int(NOW // HOUR) * HOUR - 24 * HOUR
    assert all(one.start < first_day_ends for one in drops)
    assert len(drops) == 10


def test_little_traffic_does_not_drop() -> None:
    """Fewer than twenty expected requests may be none by chance."""
    for usual, count in ((19, 0), (20, 1)):
        rows: list[dict[str, Any] | None] = [{"requests": usual, "cost": 0.0}] * 8
        drops = found(window([*rows, None, {"requests": 20, "cost": 0.0}]), kind="traffic_drop")

        assert len(drops) == count


def test_nothing_is_found_without_data() -> None:
    """A provider that was idle."""
    assert found(window([None] * 24)) == []


def test_newest_first_then_by_provider() -> None:
    """Older ones than asked for are left out, but they are baseline."""

    def old(name: str) -> SeriesWindow:
        return window([{}] * 4 + [{"cost": 9.0, "ttft": 9.0}, {}, {}], name)

    new = window([{}] * 6 + [{"latency": 9.0}], "a")
    hour = int(NOW // HOUR) * HOUR
    order = [(one.provider, one.type, one.start) for one in detect_anomalies([old("z"), old("b"), new])]

    assert order == [
        ("a", "latency_spike", hour),
        ("b", "cost_spike", hour - 2 * HOUR),
        ("b", "ttft_spike", hour - 2 * HOUR),
        ("z", "cost_spike", hour - 2 * HOUR),
        ("z", "ttft_spike", hour - 2 * HOUR),
    ]
    assert len(detect_anomalies([old("z"), new], hour - HOUR)) == 1


def test_ongoing_is_the_current_hour_with_the_one_before() -> None:
    """What happened longer ago is over."""
    hour = int(NOW // HOUR) * HOUR
    held = [
        Anomaly(type="cost_spike", provider="p", start=hour - ago * HOUR, value=9.0, expected=1.0)
        for ago in range(4)
    ]

    assert ongoing(held, NOW) == held[:2]
