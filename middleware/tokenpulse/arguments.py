"""Check what an app hands to `Recorder.record`: usable values pass, others become None and are counted."""

from collections.abc import Callable
from typing import Final

from tokenpulse_shared.counters import MAX_COUNT

MAX_SECONDS: Final = 86_400.0 * 30
"""Longest duration believed: a month."""
MAX_USD: Final = MAX_COUNT / 1e9

Fault = Callable[[str], None]


def checked_seconds(milliseconds: float | None, fault: Fault) -> float | None:
    """Return seconds from milliseconds; None for None, NaN, negative, absurd, or what is no number."""
    if milliseconds is None:
        return None
    kind = type(milliseconds)
    if (kind is float or kind is int) and 0.0 <= (seconds := milliseconds / 1000) <= MAX_SECONDS:
        return seconds
    fault("duration_rejected")
    return None


def checked_count(count: int | None, fault: Fault) -> int | None:
    """Return a token count; None for None, negative, beyond 2^53, or what is no int."""
    if count is None:
        return None
    if type(count) is int and 0 <= count <= MAX_COUNT:
        return count
    fault("usage_rejected")
    return None


def checked_nano_usd(usd: float | None, fault: Fault) -> int | None:
    """Return integer nano-USD; None for None, NaN, negative, absurd, or what is no number."""
    if usd is None:
        return None
    kind = type(usd)
    if (kind is float or kind is int) and 0.0 <= usd <= MAX_USD:
        return round(usd * 1e9)
    fault("cost_rejected")
    return None


def checked_text(text: object, fault: Fault) -> str | None:
    """Return the text; None for None, and for what is no text or empty."""
    if text is None:
        return None
    if type(text) is str and text:
        return text
    fault("name_rejected")
    return None
