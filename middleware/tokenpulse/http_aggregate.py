"""Fold plain HTTP exchanges into counts by method, route, status.

Bounds: `max_routes` routes, the rest count as `__other__`; `MAX_EXCEPTION_TYPES` exception classes.
"""

import threading
from bisect import bisect_left
from dataclasses import dataclass, field
from typing import Final

from tokenpulse.sink import HttpExchange
from tokenpulse_shared import histogram
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.totals import http_field

MAX_EXCEPTION_TYPES: Final = 64
UNSTARTED_STATUS: Final = 500
"""What a server sends when the app starts no response."""
_DURATION: Final = histogram.HTTP
_SIZE: Final = histogram.SIZE
_DURATION_LABELS: Final = histogram.bound_labels(_DURATION)
_SIZE_LABELS: Final = histogram.bound_labels(_SIZE)

Counts = dict[int, int]


@dataclass(slots=True)
class StatusDelta:
    """Hold the exchanges of one (method, route, status)."""

    count: int = 0
    duration_us: int = 0
    durations: Counts = field(default_factory=dict)


@dataclass(slots=True)
class SizeDelta:
    """Hold the body sizes of one (method, route), in bytes."""

    request_bytes: int = 0
    response_bytes: int = 0
    requests: Counts = field(default_factory=dict)
    responses: Counts = field(default_factory=dict)


class HttpAggregator:
    """Fold exchanges, hand out field increments of `http:{app}`; thread-safe; about 1 µs an exchange."""

    def __init__(self, *, max_routes: int) -> None:
        self._max_routes = max_routes
        self._lock = threading.Lock()
        self._routes: set[str] = {OTHER}
        self._statuses: dict[tuple[str, str, int], StatusDelta] = {}
        self._sizes: dict[tuple[str, str], SizeDelta] = {}
        self._exceptions: dict[str, int] = {}
        self._exception_types: set[str] = set()
        self._overflowed = 0

    def fold(self, exchange: HttpExchange) -> None:
        """Count one exchange."""
        method, route, status, duration, request_bytes, response_bytes, exception_type = exchange
        with self._lock:
            key = (method, route, status or UNSTARTED_STATUS)
            delta = self._statuses.get(key)
            if delta is None:
                route = self._admitted(route)
                key = (method, route, key[2])
                delta = self._statuses.setdefault(key, StatusDelta())
            delta.count += 1
            delta.duration_us += int(duration * 1e6 + 0.5)
            index = bisect_left(_DURATION, duration)
            delta.durations[index] = delta.durations.get(index, 0) + 1
            sizes = self._sizes.get(key[:2])
            if sizes is None:
                sizes = self._sizes[key[:2]] = SizeDelta()
            sizes.request_bytes += request_bytes
            sizes.response_bytes += response_bytes
            index = bisect_left(_SIZE, request_bytes)
            sizes.requests[index] = sizes.requests.get(index, 0) + 1
            index = bisect_left(_SIZE, response_bytes)
            sizes.responses[index] = sizes.responses.get(index, 0) + 1
            if exception_type is not None:
                self._fold_exception(exception_type)

    def _admitted(self, route: str) -> str:
        if route not in self._routes:
            if len(self._routes) > self._max_routes:
                self._overflowed += 1
                return OTHER
            self._routes.add(route)
        return route

    def _fold_exception(self, name: str) -> None:
        if name not in self._exception_types:
            if len(self._exception_types) >= MAX_EXCEPTION_TYPES:
                name = OTHER
            else:
                self._exception_types.add(name)
        self._exceptions[name] = self._exceptions.get(name, 0) + 1

    def has_waiting(self) -> bool:
        """Tell whether there is something to flush."""
        return bool(self._statuses)

    def take_overflow(self) -> int:
        """Return how many exchanges counted under `__other__` since the last call."""
        with self._lock:
            overflowed, self._overflowed = self._overflowed, 0
            return overflowed

    def take(self) -> dict[str, int]:
        """Remove everything; return it as field → increment."""
        with self._lock:
            statuses, self._statuses = self._statuses, {}
            sizes, self._sizes = self._sizes, {}
            exceptions, self._exceptions = self._exceptions, {}
        fields: dict[str, int] = {}
        for key, delta in statuses.items():
            fields[http_field("requests", *key)] = delta.count
            fields[http_field("duration_us", *key)] = delta.duration_us
            for index, count in delta.durations.items():
                fields[http_field("duration", *key, _DURATION_LABELS[index])] = count
        for route_key, size in sizes.items():
            fields[http_field("request_bytes", *route_key)] = size.request_bytes
            fields[http_field("response_bytes", *route_key)] = size.response_bytes
            for index, count in size.requests.items():
                fields[http_field("request_size", *route_key, _SIZE_LABELS[index])] = count
            for index, count in size.responses.items():
                fields[http_field("response_size", *route_key, _SIZE_LABELS[index])] = count
        fields.update((http_field("exceptions", name), count) for name, count in exceptions.items())
        return fields
