"""Rows of the metric table on plain HTTP."""

from typing import Final

from tokenpulse_reader.exposition.metric import MICROSECONDS, Metric
from tokenpulse_shared import histogram

_ROUTE: Final = ("app_name", "method", "path")

HTTP: Final[tuple[Metric, ...]] = (
    Metric(
        name="fastapi_requests_total",
        kind="counter",
        category="system",
        labels=(*_ROUTE, "status_code", "status_class"),
        help="HTTP requests by route template and status.",
    ),
    Metric(
        name="fastapi_requests_duration_seconds",
        kind="histogram",
        category="system",
        labels=_ROUTE,
        help="Time from an HTTP request's arrival to the end of its response, in seconds.",
        bounds=histogram.HTTP_DURATION,
        fine=histogram.HTTP,
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="fastapi_requests_in_progress",
        kind="gauge",
        category="system",
        labels=_ROUTE,
        help="HTTP requests running now, in workers that reported within the last 15 s.",
    ),
    Metric(
        name="fastapi_request_size_bytes",
        kind="histogram",
        category="system",
        labels=_ROUTE,
        help="Size of HTTP request bodies as the app received them, in bytes.",
        bounds=histogram.HTTP_SIZE,
        fine=histogram.SIZE,
    ),
    Metric(
        name="fastapi_response_size_bytes",
        kind="histogram",
        category="system",
        labels=_ROUTE,
        help="Size of HTTP response bodies as the app sent them, in bytes.",
        bounds=histogram.HTTP_SIZE,
        fine=histogram.SIZE,
    ),
    Metric(
        name="fastapi_exceptions_total",
        kind="counter",
        category="system",
        labels=("app_name", "exception_type"),
        help="Exceptions that left the app, by class name.",
    ),
    Metric(
        name="fastapi_app_info",
        kind="info",
        category="system",
        labels=("app_name", "version"),
        help="Wrapped apps with a worker that reported within the last 15 s, and the tokenpulse version it runs.",
    ),
    Metric(
        name="http_requests_total",
        kind="counter",
        category="system",
        labels=("method", "endpoint", "status_code", "status_class"),
        help="HTTP requests of all apps by route template and status.",
    ),
    Metric(
        name="http_request_duration_seconds",
        kind="histogram",
        category="system",
        labels=("method", "endpoint", "status_code", "status_class"),
        help="Time from an HTTP request's arrival to the end of its response over all apps, in seconds.",
        bounds=histogram.HTTP_DURATION,
        fine=histogram.HTTP,
        sum_divisor=MICROSECONDS,
    ),
)
