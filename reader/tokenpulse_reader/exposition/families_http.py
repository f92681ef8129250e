"""Turn plain HTTP counters into rows."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.rows import Collector, Row, Value
from tokenpulse_shared.totals.totals_records import AppTotals, HistogramTotals

Route = tuple[str, str]
Exchange = tuple[str, str, str]


def status_class(status: str) -> str:
    """Return `2xx` for `200`; `unknown` for what is no HTTP status."""
    return f"{status[0]}xx" if len(status) == 3 and status.isdecimal() else "unknown"


def _app_requests(facts: Facts) -> Iterator[Row]:
    for app in facts.totals.apps:
        for (method, route, status), count in sorted(app.requests.items()):
            yield (app.name, method, route, status, status_class(status)), count


def _app_durations(facts: Facts) -> Iterator[Row]:
    for app in facts.totals.apps:
        merged: dict[Route, HistogramTotals] = {}
        for (method, route, _), held in app.durations.items():
            known = merged.get((method, route))
            merged[method, route] = held if known is None else known.plus(held)
        yield from _by_route(app.name, merged)


def _in_progress(facts: Facts) -> Iterator[Row]:
    for app in facts.totals.apps:
        running: dict[Route, int] = {}
        for report in facts.totals.fresh_writers(app):
            for method, route, count in report.in_progress:
                running[method, route] = running.get((method, route), 0) + count
        yield from _by_route(app.name, running)


def _by_route(app_name: str, values: Mapping[Route, Value]) -> Iterator[Row]:
    for (method, route), value in sorted(values.items()):
        yield (app_name, method, route), value


def _sizes(part: Callable[[AppTotals], Mapping[Route, HistogramTotals]]) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for app in facts.totals.apps:
            yield from _by_route(app.name, part(app))

    return collect


def _exceptions(facts: Facts) -> Iterator[Row]:
    for app in facts.totals.apps:
        for exception_type, count in sorted(app.exceptions.items()):
            yield (app.name, exception_type), count


def _info(facts: Facts) -> Iterator[Row]:
    for app in facts.totals.apps:
        versions = {
            report.version for report in facts.totals.fresh_writers(app) if report.version is not None
        }
        for version in sorted(versions):
            yield (app.name, version), 1


def _requests(facts: Facts) -> Iterator[Row]:
    merged: dict[Exchange, int] = {}
    for app in facts.totals.apps:
        for key, count in app.requests.items():
            merged[key] = merged.get(key, 0) + count
    for (method, route, status), count in sorted(merged.items()):
        yield (method, route, status, status_class(status)), count


def _durations(facts: Facts) -> Iterator[Row]:
    merged: dict[Exchange, HistogramTotals] = {}
    for app in facts.totals.apps:
        for key, held in app.durations.items():
            known = merged.get(key)
            merged[key] = held if known is None else known.plus(held)
    for (method, route, status), held in sorted(merged.items()):
        yield (method, route, status, status_class(status)), held


HTTP_COLLECTORS: Final[dict[str, Collector]] = {
    "fastapi_requests_total": _app_requests,
    "fastapi_requests_duration_seconds": _app_durations,
    "fastapi_requests_in_progress": _in_progress,
    "fastapi_request_size_bytes": _sizes(lambda app: app.request_sizes),
    "fastapi_response_size_bytes": _sizes(lambda app: app.response_sizes),
    "fastapi_exceptions_total": _exceptions,
    "fastapi_app_info": _info,
    "http_requests_total": _requests,
    "http_request_duration_seconds": _durations,
}
