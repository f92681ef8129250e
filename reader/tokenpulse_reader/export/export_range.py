"""Settle which windows an export is of, pure."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from tokenpulse_reader.reports.units import iso
from tokenpulse_shared.keyspace import Granularity
from tokenpulse_shared.plausible_time import LATEST
from tokenpulse_shared.windows.timespan import RETENTION_SECONDS, Span, range_span

GRANULARITIES: Final[tuple[Granularity, ...]] = ("minute", "hour", "day")
DEFAULT_SECONDS: Final[dict[Granularity, int]] = {"minute": 3600, "hour": 86_400, "day": 7 * 86_400}
"""How long an export is that names no beginning."""
KEPT: Final[dict[Granularity, str]] = {"minute": "2 hours", "hour": "8 days", "day": "100 days"}

_EPOCH: Final = re.compile(r"[0-9]{9,11}(\.[0-9]{1,6})?")
_OFFSET_AFTER_SPACE: Final = re.compile(r"(.*T.*) ([0-9]{2}:?[0-9]{2})")
MOMENT: Final = "ISO 8601 (without an offset UTC is meant), or epoch seconds"


class ExportRangeError(Exception):
    """Say which parameter of an export cannot be used, and what may be."""

    def __init__(self, parameter: str, message: str, allowed: str) -> None:
        self.parameter = parameter
        self.allowed = allowed
        super().__init__(message)


@dataclass(frozen=True, slots=True, kw_only=True)
class ExportRange:
    """Hold the windows to export, and whether older ones were asked for than are kept."""

    span: Span
    is_cut: bool

    @property
    def begin(self) -> str:
        """Return the start of the first window in ISO 8601."""
        return iso(self.span.begin)

    @property
    def end(self) -> str:
        """Return where the last window ends, or now, in ISO 8601."""
        return iso(self.span.end)


def parse_moment(text: str) -> float:
    """Return epoch seconds of an ISO 8601 date or time, or of epoch seconds; ValueError for anything else.

    A `+` that a URL turned into a space is put back: `2026-11-21T01:00:00 02:00`.
    """
    if _EPOCH.fullmatch(text):
        moment = float(text)
    else:
        parsed = datetime.fromisoformat(_OFFSET_AFTER_SPACE.sub(r"\1+\2", text))
        moment = (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).timestamp()
    if not 0 <= moment < LATEST:
        raise ValueError("not within 1970 to 2099")
    return moment


def settle_range(granularity: Granularity, begin: str | None, end: str | None, now: float) -> ExportRange:
    """Return the windows that overlap `begin` … `end`, texts as users write them; `now`: epoch seconds.

    Raises:
        ExportRangeError: a text is no time, the end is not after the beginning, or nothing of it is kept any more.
    """
    last = min(_moment("to", end, now), now)
    first = _moment("from", begin, last - DEFAULT_SECONDS[granularity])
    if first >= last:
        message = "`from` must be before `to`, and before now"
        raise ExportRangeError("from", message, f"before {iso(last)}")
    oldest = now - RETENTION_SECONDS[granularity]
    span = range_span(granularity, first, last, now)
    if not span.starts:
        message = (
            f"windows of one {granularity} are kept for {KEPT[granularity]}: nothing of this range is left"
        )
        raise ExportRangeError("to", message, f"after {iso(oldest)}, or a coarser granularity")
    return ExportRange(span=span, is_cut=first < span.begin)


def _moment(parameter: str, text: str | None, default: float) -> float:
    if text is None:
        return default
    try:
        return parse_moment(text)
    except (ValueError, OverflowError):
        raise ExportRangeError(parameter, f"`{parameter}` is no time", MOMENT) from None
