"""Tests of the report of anomalies as JSON."""

from tokenpulse_reader.reports.anomalies import Anomaly
from tokenpulse_reader.reports.anomaly_report import AnomalyReport, anomalies_json

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
SILENT = Anomaly(
    type="traffic_drop", provider="p", start=1_715_763_600, value=0.0, expected=40.0, severity="warning"
)


def _counts(coverage: float, *anomalies: Anomaly) -> list[int | None]:
    report = AnomalyReport(now=NOW, hours=2, anomalies=anomalies, coverage=coverage, corrupt_keys=0)
    body = anomalies_json(report)
    return [body[name] for name in ("total_count", "critical_count", "warning_count")]


def test_hours_without_data_tell_of_no_anomaly_not_that_there_was_none() -> None:
    """Null without data; 0 with it; a provider that fell silent is counted though its hours hold nothing."""
    assert _counts(0.0) == [None, None, None]
    assert _counts(0.5) == [0, 0, 0]
    assert _counts(0.0, SILENT) == [1, 0, 1]
