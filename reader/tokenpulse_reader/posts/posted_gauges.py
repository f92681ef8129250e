"""Gauges as `POST /api/monitoring/gauges` takes them, pure.

A gauge comes as one number, as an object of numbers by its first label, or (of two labels) by both, one inside the
other: `12`, `{"active": 12, "revoked": 3}`, `{"pro": {"monthly": 10, "yearly": 2}}`. Or it comes as a list in which
labels have names: `[{"plan_type": "pro", "billing_cycle": "monthly", "value": 10}]`.
"""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from tokenpulse_reader.http.bodies import Fields, whole_number
from tokenpulse_reader.http.problems import ProblemError, bad_parameter
from tokenpulse_reader.reports.units import iso
from tokenpulse_shared.business_gauges import (
    DEFAULT_LABELS,
    GAUGE_LABELS,
    MAX_LABEL_CHARACTERS,
    MAX_VALUES,
    BusinessGauge,
)
from tokenpulse_shared.names import printable

Values = dict[tuple[str, ...], int]
"""Value by label values."""

_SHAPES: Final = {
    name: f"a number, or numbers by {' and '.join(held)}" for name, held in GAUGE_LABELS.items()
}


def parse_gauges(body: Any) -> dict[str, Values]:
    """Return the values of each gauge of a body.

    Raises:
        ProblemError: 400 that names what cannot be used, as `subscription_count.pro.monthly`.
    """
    if not isinstance(body, Mapping) or not body:
        raise ProblemError(400, "invalid_body", "the body must be a JSON object of gauges", allowed=_SHAPES)
    return {name: _values(name, held) for name, held in body.items()}


def gauges_json(gauges: list[BusinessGauge]) -> list[dict[str, Any]]:
    """Return the gauges as a list: name, value, labels by name, when they were posted."""
    return [
        {
            "name": gauge.name,
            "labels": dict(zip(GAUGE_LABELS[gauge.name], gauge.labels, strict=True)),
            "value": gauge.value,
            "posted_at": None if gauge.posted_at is None else iso(gauge.posted_at),
        }
        for gauge in gauges
    ]


def _values(name: str, held: Any) -> Values:
    if name not in GAUGE_LABELS:
        message = f"`{printable(name[:MAX_LABEL_CHARACTERS])}` is no gauge"
        raise bad_parameter(printable(name[:MAX_LABEL_CHARACTERS]), message, list(GAUGE_LABELS))
    values: Values = {}
    for labels, value in _named(name, held) if isinstance(held, list) else _walk(name, held, ()):
        values[labels] = value
        if len(values) > MAX_VALUES:
            message = f"`{name}` may have {MAX_VALUES} values"
            raise bad_parameter(name, message, {"most": MAX_VALUES})
    return values


def _named(name: str, held: list[Any]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield (label values, value) of a list; of two items with the same labels the later one counts."""
    for place, item in enumerate(held):
        fields = Fields(item, f"{name}[{place}].")
        told = [fields.text(label, MAX_LABEL_CHARACTERS) for label in GAUGE_LABELS[name]]
        usual = DEFAULT_LABELS[name]
        labels = tuple(
            default if text is None else printable(text) for text, default in zip(told, usual, strict=True)
        )
        yield labels, whole_number(item.get("value"), f"{name}[{place}].value")


def _walk(name: str, held: Any, labels: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], int]]:
    """Yield (label values, value); labels that were not told are those of a gauge told as one number."""
    place = ".".join((name, *labels))
    if not isinstance(held, Mapping):
        yield labels + DEFAULT_LABELS[name][len(labels) :], whole_number(held, place)
        return
    if len(labels) == len(GAUGE_LABELS[name]):
        raise bad_parameter(place, f"`{place}` must be a number", _SHAPES[name])
    for label, inner in held.items():
        if not 1 <= len(label) <= MAX_LABEL_CHARACTERS:
            message = f"labels of `{place}` must have 1 to {MAX_LABEL_CHARACTERS} characters"
            raise bad_parameter(place, message, {"most": MAX_LABEL_CHARACTERS})
        yield from _walk(name, inner, (*labels, printable(label)))
