"""Rows of an export: what is not known is None; nothing is told of windows without requests."""

from tokenpulse_reader.export.export_rows import COLUMNS, window_rows
from tokenpulse_shared.sketch import Sketch, bucket_index
from tokenpulse_shared.windows.series_window import Row, Series, SeriesWindow
from tokenpulse_shared.windows.timespan import hours_span

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
SPAN = hours_span(NOW, 3)


def test_an_hour_nobody_told_anything_of() -> None:
    """Its requests, and None; the current hour says how much of it is over."""
    untold = {"total_requests": 2, "unpriced_requests": 2, "usage:unknown": 2, "outcome:timeout": 2}
    window = SeriesWindow(series=Series("p", "m"), span=SPAN, rows=(Row(SPAN.starts[2], untold),))
    (values,) = window_rows(window)

    known = {
        "window_start": "2024-05-15T10:00:00.000+00:00",
        "granularity": "hour",
        "provider": "p",
        "model": "m",
        "coverage": 0.505556,
        "total_requests": 2,
        "successful_requests": 0,
        "failed_requests": 2,
        "success_rate": 0.0,
        "errors_timeout": 2,
        "errors_rate_limit": 0,
        "errors_network": 0,
        "errors_other": 0,
        "requests_without_usage": 2,
        "unpriced_requests": 2,
    }
    assert dict(zip(COLUMNS, values, strict=True)) == {**dict.fromkeys(COLUMNS), **known}


def test_windows_without_requests_are_left_out() -> None:
    """A sketch whose counters could not be read says nothing of how many there were."""
    rows = (
        Row(SPAN.starts[0], {}, {"latency": Sketch({bucket_index(1.0): 3})}),
        Row(SPAN.starts[1], {"total_requests": 1, "successful_requests": 1}),
    )

    assert [
        values[0] for values in window_rows(SeriesWindow(series=Series("p", "m"), span=SPAN, rows=rows))
    ] == ["2024-05-15T09:00:00.000+00:00"]
