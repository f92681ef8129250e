"""Write and read the board of health scores as the JSON that Redis keeps of it.

Invariant: decode(encode(board)) == board; what is not such JSON is refused, never guessed.
"""

from collections.abc import Mapping
from typing import Any, Final, get_args

import orjson

from tokenpulse_shared.health.health_calls import Calls
from tokenpulse_shared.health.health_window import HealthWindow, WindowReason
from tokenpulse_shared.health.provider_health import ProviderHealth
from tokenpulse_shared.health.score_board import ScoreBoard
from tokenpulse_shared.scoring import Health, HealthStatus

FORMAT: Final = 1
"""Raised when a reader of an older release could no longer read what is written."""
LATEST: Final = 1e11
"""Epoch seconds in the year 5138: past it something else wrote the board."""
_STATUSES: Final = get_args(HealthStatus)
_REASONS: Final = get_args(WindowReason)


def encode_board(board: ScoreBoard) -> bytes:
    """Return the board as JSON: seconds, epoch seconds, rates 0–1, latency summed in microseconds."""
    return orjson.dumps(
        {
            "format": FORMAT,
            "computed_at": board.computed_at,
            "term": board.term,
            "providers": {provider: _encoded(held) for provider, held in board.providers.items()},
        }
    )


def _encoded(held: ProviderHealth) -> dict[str, Any]:
    health, window = held.health, held.window
    return {
        "health_score": health.score,
        "composite_score": health.composite,
        "status": health.status,
        "sample_count": health.sample_count,
        "success_rate": health.success_rate,
        "average_latency_seconds": health.average_latency_seconds,
        "computed_at": held.computed_at,
        "coverage": held.coverage,
        "acceptable_seconds": held.acceptable_seconds,
        "status_since": held.status_since,
        "last_score": held.last_score,
        "window": {
            "begin": window.begin,
            "end": window.end,
            "reason": window.reason,
            "changed_at": window.changed_at,
            "standard_error_points": window.standard_error_points,
            "successes": window.calls.successes,
            "faults": window.calls.faults,
            "latency_us": window.calls.latency_us,
            "latency_count": window.calls.latency_count,
        },
    }


def decode_board(data: bytes) -> ScoreBoard:
    """Return the board that a leader published.

    Raises:
        ValueError: the bytes are no such board, or one of a format that this release does not know.
    """
    try:
        held = orjson.loads(data)
        if held["format"] != FORMAT:
            raise ValueError(f"format {held['format']!r}: expected {FORMAT}")
        return ScoreBoard(
            computed_at=_moment(held["computed_at"]),
            source="leader",
            term=int(held["term"]),
            providers={
                provider: _decoded(provider, item) for provider, item in sorted(held["providers"].items())
            },
        )
    except (KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no board of health scores: {error!r}") from error


def _decoded(provider: str, item: Mapping[str, Any]) -> ProviderHealth:
    window = item["window"]
    if item["status"] not in _STATUSES or window["reason"] not in _REASONS:
        raise ValueError(f"status {item['status']!r}, reason {window['reason']!r}: not known")
    return ProviderHealth(
        provider=provider,
        computed_at=_moment(item["computed_at"]),
        coverage=float(item["coverage"]),
        acceptable_seconds=float(item["acceptable_seconds"]),
        status_since=_moment(item["status_since"]),
        last_score=_optional(item["last_score"]),
        source="leader",
        health=Health(
            score=float(item["health_score"]),
            composite=_optional(item["composite_score"]),
            status=item["status"],
            sample_count=int(item["sample_count"]),
            success_rate=_optional(item["success_rate"]),
            average_latency_seconds=_optional(item["average_latency_seconds"]),
        ),
        window=HealthWindow(
            begin=int(_moment(window["begin"])),
            end=_moment(window["end"]),
            reason=window["reason"],
            changed_at=None if window["changed_at"] is None else int(_moment(window["changed_at"])),
            standard_error_points=_optional(window["standard_error_points"]),
            calls=Calls(
                int(window["successes"]),
                int(window["faults"]),
                int(window["latency_us"]),
                int(window["latency_count"]),
            ),
        ),
    )


def _moment(value: Any) -> float:
    moment = float(value)
    if not abs(moment) <= LATEST:
        raise ValueError(f"{value!r} is no time")
    return moment


def _optional(value: Any) -> float | None:
    return None if value is None else float(value)
