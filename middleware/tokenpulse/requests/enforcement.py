"""Turn requests away whose model's breaker is open: 503 before the app is called.

Strategy: it stands between the observer and the app, so that what is turned away is counted as HTTP, never as a call
to a provider. The request's body is read ahead for the model's name; the app is then given what was read.
Invariants: without an open breaker among the route's the app gets every message as it came; a body is read ahead only
where the path names no model. What cannot be told is let through.
Bounds: `WHOLE_BYTES` of a body are read ahead, plus the rest of one message; `MAX_ROUTES` routes with
`MAX_ROUTE_SERIES` models each are remembered.
"""

from math import ceil
from typing import Final

import orjson

from tokenpulse.annotations import SCOPE_KEY
from tokenpulse.asgi import App, Receive, Scope, Send
from tokenpulse.breakers.breaker_gate import ADMITTED, Admission
from tokenpulse.breakers.breaker_memory import Series
from tokenpulse.reading.capture import WHOLE_BYTES
from tokenpulse.recorder import Recorder
from tokenpulse.requests.observer import InferenceObserver
from tokenpulse.requests.read_ahead import ReadAhead

MAX_ROUTES: Final = 100
MAX_ROUTE_SERIES: Final = 100
_DETAIL: Final = "this model's provider fails at present; calls to it are held back for a while"


class Enforcement:
    """Wrap an app; stands inside `TokenPulseMiddleware`."""

    def __init__(self, app: App, recorder: Recorder) -> None:
        self.app = app
        self._recorder = recorder
        self._routes: dict[str, dict[Series, None]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app, or answer in its place."""
        observer = scope.get(SCOPE_KEY)
        if not isinstance(observer, InferenceObserver) or not observer.is_of(self._recorder):
            await self.app(scope, receive, send)
            return
        ahead = ReadAhead(receive)
        admission = ADMITTED
        try:
            if observer.endpoint.path_model is None:
                await ahead.read(WHOLE_BYTES)
            admission = self._admission(observer)
        except Exception as error:  # noqa: BLE001 - measuring never breaks the app
            self._recorder.internal_error("enforce_breaker", error)
        if not admission:
            observer.turn_away()
            await _answer(send, admission.retry_after_seconds or 1.0)
            return
        with admission:
            await self.app(scope, ahead.receive, send)

    def _admission(self, observer: InferenceObserver) -> Admission:
        named = observer.asked_names()
        if named is None:
            return ADMITTED
        route = self._route(observer.endpoint.label, named)
        return self._recorder.breaker.enforced(named, route)

    def _route(self, label: str, named: Series) -> dict[Series, None]:
        """Return the series asked for by this route; what callers made up is none."""
        series = self._routes.get(label)
        if series is None:
            if len(self._routes) >= MAX_ROUTES:
                self._routes.clear()
            series = self._routes[label] = {}
        if named not in series and self._recorder.is_series(*named):
            if len(series) >= MAX_ROUTE_SERIES:
                del series[next(iter(series))]
            series[named] = None
        return series


async def _answer(send: Send, retry_after_seconds: float) -> None:
    seconds = max(1, ceil(retry_after_seconds))
    problem = {
        "type": "about:blank",
        "title": "Service Unavailable",
        "status": 503,
        "detail": _DETAIL,
        "code": "circuit_open",
        "retry_after_seconds": seconds,
    }
    body = orjson.dumps(problem)
    headers = [
        (b"content-type", b"application/problem+json"),
        (b"content-length", b"%d" % len(body)),
        (b"retry-after", b"%d" % seconds),
        (b"cache-control", b"no-store"),
    ]
    await send({"type": "http.response.start", "status": 503, "headers": headers})
    await send({"type": "http.response.body", "body": body})
