"""Choose format with encoding from a scraper's headers, pure.

Invariant: any bytes give an answer. What cannot be understood is passed over; when nothing that is asked for
can be given, the answer is format 0.0.4, which every scraper reads.
"""

from collections.abc import Iterable, Iterator
from typing import Final, Literal

Format = Literal["text", "openmetrics"]

CONTENT_TYPES: Final[dict[Format, str]] = {
    "text": "text/plain; version=0.0.4; charset=utf-8",
    "openmetrics": "application/openmetrics-text; version=1.0.0; charset=utf-8",
}
MAX_HEADER_CHARACTERS: Final = 4096
"""How much of a header is looked at; Prometheus 3 sends about 300."""

_OPENMETRICS_TYPE: Final = "application/openmetrics-text"
_OPENMETRICS_VERSIONS: Final = frozenset(("", "0.0.1", "1.0.0"))
_TEXT_TYPES: Final = frozenset(("text/plain", "text/*", "*/*"))


def _quality(text: str) -> float:
    """Return a weight from 0 to 1; one that cannot be read is 0: not asked for."""
    try:
        weight = float(text)
    except ValueError:
        return 0.0
    return weight if 0.0 <= weight <= 1.0 else 0.0


def _choices(header: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield (value, parameters) for each element of a header, lower case."""
    for element in header[:MAX_HEADER_CHARACTERS].lower().split(","):
        value, *pairs = element.split(";")
        parameters: dict[str, str] = {}
        for pair in pairs:
            name, _, content = pair.partition("=")
            parameters[name.strip()] = content.strip().strip('"')
        yield value.strip(), parameters


def choose_format(accept: Iterable[str]) -> Format:
    """Return the format for the Accept headers; OpenMetrics only when it is named and weighs no less."""
    weights: dict[Format, float] = {"text": 0.0, "openmetrics": 0.0}
    for value, parameters in _choices(",".join(accept)):
        weight = _quality(parameters.get("q", "1"))
        if value in _TEXT_TYPES:
            weights["text"] = max(weights["text"], weight)
        elif value == _OPENMETRICS_TYPE and parameters.get("version", "") in _OPENMETRICS_VERSIONS:
            weights["openmetrics"] = max(weights["openmetrics"], weight)
    return "openmetrics" if weights["openmetrics"] and weights["openmetrics"] >= weights["text"] else "text"


def accepts_gzip(accept_encoding: Iterable[str]) -> bool:
    """Tell whether the Accept-Encoding headers ask for gzip; what is named weighs more than `*`."""
    named: float | None = None
    rest = 0.0
    for value, parameters in _choices(",".join(accept_encoding)):
        weight = _quality(parameters.get("q", "1"))
        if value in ("gzip", "x-gzip"):
            named = max(named or 0.0, weight)
        elif value == "*":
            rest = max(rest, weight)
    return (rest if named is None else named) > 0.0
