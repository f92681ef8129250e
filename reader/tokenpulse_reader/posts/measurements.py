"""Measurements that clients make themselves, as `POST /api/metrics/chat` takes them, pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, cast, get_args

from tokenpulse_reader.http.bodies import Fields
from tokenpulse_reader.http.problems import ProblemError
from tokenpulse_shared.names import clean_name, provider_of_model
from tokenpulse_shared.records import ErrorClass
from tokenpulse_shared.redact import masked_name

MAX_MEASUREMENTS: Final = 1000
"""Most of one list: 6 ms of work, measured."""
MAX_MILLISECONDS: Final = 86_400_000
"""A day: no request takes longer, but a clock that was set may say so."""
MAX_TEXT_CHARACTERS: Final = 1000
"""Longest name taken; it is kept as every name is, of 200 characters at most."""
ERROR_TYPES: Final[tuple[str, ...]] = get_args(ErrorClass)


@dataclass(frozen=True, slots=True, kw_only=True)
class Measurement:
    """Hold one call of a client to a model; milliseconds, None: not known."""

    model: str
    provider: str
    gateway: str | None = None
    ttft_ms: float | None = None
    total_time_ms: float | None = None
    success: bool = True
    error_type: ErrorClass | None = None


def parse_measurements(body: Any) -> list[Measurement]:
    """Return the measurements of a body: one object, or a list of them. All can be used, or none is taken.

    Raises:
        ProblemError: 400 that names the field, as `ttft_ms`, or `[2].ttft_ms` in a list.
    """
    if not isinstance(body, list):
        return [_parse(Fields(body))]
    if not 1 <= len(body) <= MAX_MEASUREMENTS:
        message = f"a list must have 1 to {MAX_MEASUREMENTS} measurements"
        raise ProblemError(400, "invalid_body", message, allowed={"minimum": 1, "maximum": MAX_MEASUREMENTS})
    return [_parse(Fields(item, f"[{place}].")) for place, item in enumerate(body)]


def _parse(fields: Fields) -> Measurement:
    model = _name(fields.required_text("model", MAX_TEXT_CHARACTERS))
    provider, gateway = (fields.text(name, MAX_TEXT_CHARACTERS) for name in ("provider", "gateway"))
    fields.text(
        "session_id", MAX_TEXT_CHARACTERS
    )  # checked, not kept: whose session it was is nobody's business
    ttft, total, network, backend = (
        fields.number(name, MAX_MILLISECONDS)
        for name in ("ttft_ms", "total_time_ms", "network_time_ms", "backend_time_ms")
    )
    success = fields.flag("success", True)
    error_type = cast("ErrorClass | None", fields.choice("error_type", ERROR_TYPES))
    return Measurement(
        model=model,
        provider=_name(provider) if provider else provider_of_model(model),
        gateway=None if gateway is None else _name(gateway),
        ttft_ms=ttft,
        total_time_ms=total if total is not None else _sum([network, backend]),
        success=success,
        error_type=None if success else error_type,
    )


def _name(text: str) -> str:
    return masked_name(clean_name(text))


def _sum(parts: Sequence[float | None]) -> float | None:
    """Return the sum of parts that make up the whole; None unless all are known."""
    known = [part for part in parts if part is not None]
    return sum(known) if len(known) == len(parts) else None
