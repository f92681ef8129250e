"""Fold plain HTTP exchanges into counts by method, route, status.

Bounds: `max_routes` routes, the rest count as `__other__`; `MAX_EXCEPTION_TYPES` exception classes.
"""

import threading
from bisect import bisect_left
from collections import deque
from collections.abc import Iterator
from typing import Final, NamedTuple

from tokenpulse.aggregation.endpoint_delta import add_counts
from tokenpulse.route_template import UNMATCHED
from tokenpulse.sink import HttpExchange
from tokenpulse_shared import histogram
from tokenpulse_shared.names import OTHER, clean_name
from tokenpulse_shared.totals.totals import http_field

MAX_EXCEPTION_TYPES: Final = 64
UNSTARTED_STATUS: Final = 500
"""What a server sends when the app starts no response."""
_DURATION: Final = histogram.HTTP
_SIZE: Final = histogram.SIZE
_DURATION_LABELS: Final = histogram.bound_labels(_DURATION)
_SIZE_LABELS: Final = histogram.bound_labels(_SIZE)

Counts = dict[int, int]


class StatusDelta:
    """Hold the exchanges of one (method, route, status); body sizes in bytes."""

    __slots__ = (
        "count",
        "duration_us",
        "durations",
        "request_bytes",
        "request_sizes",
        "response_bytes",
        "response_sizes",
    )

    def __init__(self) -> None:
        self.count = 0
        self.duration_us = 0
        self.durations: Counts = {}
        self.request_bytes = 0
        self.request_sizes: Counts = {}
        self.response_bytes = 0
        self.response_sizes: Counts = {}

    def merge(self, other: "StatusDelta") -> None:
        """Add what another one counted."""
        self.count += other.count
        self.duration_us += other.duration_us
        self.request_bytes += other.request_bytes
        self.response_bytes += other.response_bytes
        add_counts(self.durations, other.durations)
        add_counts(self.request_sizes, other.request_sizes)
        add_counts(self.response_sizes, other.response_sizes)

    def fields(self, method: str, route: str, status: int) -> Iterator[tuple[str, int]]:
        """Give every field of `http:{app}` this adds to; those of sizes are shared by all statuses."""
        yield http_field("requests", method, route, status), self.count
        yield http_field("duration_us", method, route, status), self.duration_us
        for index, count in self.durations.items():
            yield http_field("duration", method, route, status, _DURATION_LABELS[index]), count
        yield http_field("request_bytes", method, route), self.request_bytes
        yield http_field("response_bytes", method, route), self.response_bytes
        for index, count in self.request_sizes.items():
            yield http_field("request_size", method, route, _SIZE_LABELS[index]), count
        for index, count in self.response_sizes.items():
            yield http_field("response_size", method, route, _SIZE_LABELS[index]), count


class HttpDelta(NamedTuple):
    """Hold what was folded since the last flush; exceptions by class name."""

    statuses: dict[tuple[str, str, int], StatusDelta]
    exceptions: dict[str, int]

    def lump(self, refused: set[str]) -> int:
        """Count these routes under `__other__`; return how many exchanges that concerned."""
        exchanges = 0
        for method, route, status in [key for key in self.statuses if key[1] in refused]:
            delta = self.statuses.pop((method, route, status))
            exchanges += delta.count
            self.statuses.setdefault((method, OTHER, status), StatusDelta()).merge(delta)
        return exchanges

    def fields(self) -> dict[str, int]:
        """Return it as field → increment."""
        fields = {http_field("exceptions", name): count for name, count in self.exceptions.items()}
        for key, delta in self.statuses.items():
            for field, count in delta.fields(*key):
                fields[field] = fields.get(field, 0) + count
        return fields


class HttpAggregator:
    """Fold exchanges, hand out field increments of `http:{app}`; thread-safe; about 1 µs an exchange."""

    def __init__(self, *, max_routes: int) -> None:
        self._max_routes = max_routes
        self._lock = threading.Lock()
        self._routes: set[str] = {OTHER, UNMATCHED}
        self._statuses: dict[tuple[str, str, int], StatusDelta] = {}
        self._exceptions: dict[str, int] = {}
        self._exception_types: set[str] = set()
        self._overflowed = 0

    def fold(self, exchange: HttpExchange) -> None:
        """Count one exchange."""
        with self._lock:
            self._fold(exchange)

    def fold_all(self, waiting: deque[HttpExchange]) -> list[Exception]:
        """Count all that waits; return what bad ones raised."""
        errors: list[Exception] = []
        with self._lock:
            while waiting:
                try:
                    self._fold(waiting.popleft())
                except Exception as error:  # noqa: BLE001  # one bad record must not take the others along
                    errors.append(error)
        return errors

    def _fold(self, exchange: HttpExchange) -> None:
        method, route, status, duration, request_bytes, response_bytes, exception_type = exchange
        key = (method, route, status or UNSTARTED_STATUS)
        delta = self._statuses.get(key)
        if delta is None:
            key = (method, self._admitted(route), key[2])
            delta = self._statuses.setdefault(key, StatusDelta())
        delta.count += 1
        delta.duration_us += int(duration * 1e6 + 0.5)
        index = bisect_left(_DURATION, duration)
        delta.durations[index] = delta.durations.get(index, 0) + 1
        delta.request_bytes += request_bytes
        index = bisect_left(_SIZE, request_bytes)
        delta.request_sizes[index] = delta.request_sizes.get(index, 0) + 1
        if response_bytes is not None:
            delta.response_bytes += response_bytes
            index = bisect_left(_SIZE, response_bytes)
            delta.response_sizes[index] = delta.response_sizes.get(index, 0) + 1
        if exception_type is not None:
            self._fold_exception(exception_type)

    def _admitted(self, route: str) -> str:
        route = clean_name(route)
        if route not in self._routes:
            if len(self._routes) >= self._max_routes + 2:  # `__other__`, `__unmatched__` take no place
                self._overflowed += 1
                return OTHER
            self._routes.add(route)
        return route

    def _fold_exception(self, name: str) -> None:
        name = clean_name(name)
        if name not in self._exception_types:
            if len(self._exception_types) >= MAX_EXCEPTION_TYPES:
                name = OTHER
            else:
                self._exception_types.add(name)
        self._exceptions[name] = self._exceptions.get(name, 0) + 1

    def has_waiting(self) -> bool:
        """Tell whether there is something to flush."""
        return bool(self._statuses)

    def routes(self) -> set[str]:
        """Return the routes of what waits."""
        with self._lock:
            return {route for _, route, _ in self._statuses}

    def take_overflow(self) -> int:
        """Return how many exchanges counted under `__other__` since the last call."""
        with self._lock:
            overflowed, self._overflowed = self._overflowed, 0
            return overflowed

    def detach(self) -> HttpDelta:
        """Remove everything; return it."""
        with self._lock:
            statuses, self._statuses = self._statuses, {}
            exceptions, self._exceptions = self._exceptions, {}
        return HttpDelta(statuses, exceptions)

    def take(self) -> dict[str, int]:
        """Remove everything; return it as field → increment."""
        return self.detach().fields()
