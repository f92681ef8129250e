"""Convert from the units inside to those of the API: milliseconds, ratios, ISO 8601."""

from datetime import UTC, datetime


def milliseconds(seconds: float | None) -> float | None:
    """Return milliseconds to the microsecond; None stays None."""
    return None if seconds is None else round(seconds * 1000.0, 3)


def ratio(part: int, whole: int) -> float | None:
    """Return part / whole, 0–1; None when there is nothing to take a part of."""
    return part / whole if whole else None


def percent(part: int, whole: int) -> float | None:
    """Return part of whole in percent, 0–100; None when there is nothing to take a part of."""
    return 100.0 * part / whole if whole else None


def iso(epoch_seconds: float) -> str:
    """Return ISO 8601 in UTC to the millisecond: `2026-11-21T01:05:00.000+00:00`."""
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="milliseconds")
