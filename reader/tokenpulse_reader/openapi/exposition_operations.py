"""Operations that serve the exposition to scrapers."""

from collections.abc import Mapping
from typing import Final

from tokenpulse_reader.exposition.metric import CATEGORIES
from tokenpulse_reader.exposition.negotiate import CONTENT_TYPES
from tokenpulse_reader.exposition.profiles import PROFILES
from tokenpulse_reader.openapi.operation import Operation, Schema
from tokenpulse_reader.openapi.parts import choice, fresh, query
from tokenpulse_reader.openapi.shapes import TEXT, listed
from tokenpulse_reader.openapi.summary_schema import SUMMARY

_TAG: Final = "exposition"
_NAMES: Final = query("name[]", listed(TEXT), "only these metrics; may be given more than once")
_PROFILE: Final = choice(
    "profile", *PROFILES, default=PROFILES[0], about="whose names; the default is that of the setting"
)
MARKDOWN: Final = "text/markdown; charset=utf-8"
_EXPOSITION: Final[Mapping[str, Schema]] = dict.fromkeys(CONTENT_TYPES.values(), TEXT)


def _scrape(path: str, what: str) -> Operation:
    return Operation(
        path=path,
        summary=f"{what} for Prometheus, as text or OpenMetrics by the Accept header",
        tag=_TAG,
        parameters=(_NAMES, _PROFILE),
        answers=_EXPOSITION,
    )


OPERATIONS: Final = (
    _scrape("/metrics", "Every metric"),
    _scrape("/prometheus/metrics/all", "Every metric"),
    *(_scrape(f"/prometheus/metrics/{category}", f"Metrics of {category}") for category in CATEGORIES),
    Operation(
        path="/prometheus/metrics/summary",
        summary="The metrics in a few numbers; null is not known",
        tag=_TAG,
        answers=fresh(SUMMARY),
    ),
    Operation(
        path="/prometheus/metrics/docs",
        summary="Each metric with how to fetch it, how to ask Prometheus for it, as Markdown",
        tag=_TAG,
        answers={MARKDOWN: TEXT},
    ),
)
