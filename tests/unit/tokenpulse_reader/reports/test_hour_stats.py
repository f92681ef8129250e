"""Tests of one hour as JSON."""

from tokenpulse_reader.reports.hour_stats import provider_hour_json
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.windows.series_window import Row, Series, SeriesWindow
from tokenpulse_shared.windows.timespan import hours_span

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC


def _hour(model: str | None, requests: int) -> SeriesWindow:
    row = Row(start=1_715_767_200, counters={"total_requests": requests, "successful_requests": requests})
    return SeriesWindow(series=Series("p", model), span=hours_span(NOW, 1), rows=(row,))


def test_what_counts_under_other_is_a_row_but_no_model() -> None:
    """Its requests are shown among the models', without it being counted as one."""
    body = provider_hour_json(_hour(None, 9), [_hour("m", 4), _hour(OTHER, 5)], "2024-05-15-10")

    assert body["total_models"] == 1
    assert body["top_models"] == [{"model_id": OTHER, "requests": 5}, {"model_id": "m", "requests": 4}]
