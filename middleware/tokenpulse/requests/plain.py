"""Follow one HTTP request that is no inference: size, status, duration."""

from typing import Final

from tokenpulse.annotations import SCOPE_KEY, Annotations
from tokenpulse.asgi import Message, Receive, Scope, Send
from tokenpulse.dialects.facts import new_record
from tokenpulse.reading.status import usable_status
from tokenpulse.route_template import UNMATCHED, method_label, route_template
from tokenpulse.sink import HttpExchange, Sink

BODY: Final = "http.response.body"
START: Final = "http.response.start"
_BODILESS_STATUS: Final = frozenset((204, 205, 304))
_DEFERRED_STATUS: Final = 500
"""From here on the record waits for the app's end: a framework may answer 500, then raise its cause."""


def _length_bytes(body: object) -> int:
    """Return how many bytes a message's body brings, 0 for none.

    Raises:
        TypeError: it is no bytes at all.
    """
    if type(body) is bytes:
        return len(body)
    return 0 if body is None else memoryview(body).nbytes  # type: ignore[arg-type]  # as the docstring says


class PlainObserver:
    """Own one request's state; every message is handed on as it came, at once.

    The request ends when its final body (or its trailers) was sent; what the app does afterwards, background
    tasks for instance, is not part of it. A status of 500 or more is recorded when the app ends.
    """

    __slots__ = (
        "_has_file",
        "_has_trailers",
        "_is_recorded",
        "_monotonic",
        "_receive",
        "_request_bytes",
        "_response_bytes",
        "_scope",
        "_send",
        "_sink",
        "is_complete",
        "started",
        "status_code",
        "stopped",
    )

    def __init__(self, scope: Scope, receive: Receive, send: Send, sink: Sink) -> None:
        self._scope = scope
        self._receive = receive
        self._send = send
        self._sink = sink
        self._request_bytes = 0
        self._response_bytes = 0
        self.status_code: int | None = None
        self._has_file = False
        self._has_trailers = False
        self.is_complete = False
        self._is_recorded = False
        self.stopped: float | None = None
        self._monotonic = sink.clock.monotonic
        self.started = self._monotonic()

    def move_to(self, scope: Scope) -> None:
        """Go over to a copy of the scope, the one that the app is given."""
        self._scope.pop(SCOPE_KEY, None)
        scope[SCOPE_KEY] = self
        self._scope = scope

    async def receive(self) -> Message:
        """Hand on the server's message, counting what it brings."""
        message = await self._receive()
        try:
            if message["type"] == "http.request":
                self._request_bytes += _length_bytes(message.get("body"))
        except Exception as error:  # noqa: BLE001 - measuring never breaks the app
            self._sink.internal_error("receive", error)
        return message

    def app_send(self) -> Send:
        """Return what the app is given as `send`."""
        return self._follow

    async def _follow(self, message: Message) -> None:
        """Hand on the app's message, after a look at it."""
        try:
            self._note(message)
        except Exception as error:  # noqa: BLE001 - measuring never breaks the app
            self._sink.internal_error("send", error)
        await self._send(message)
        if self.is_complete and not self._is_recorded:
            try:
                self._stop(self._monotonic())
            except Exception as error:  # noqa: BLE001 - measuring never breaks the app
                self._sink.internal_error("stop", error)

    def _note(self, message: Message) -> None:
        kind = message["type"]
        if kind == BODY:
            self._response_bytes += _length_bytes(message.get("body"))
            if not message.get("more_body") and not self._has_trailers:
                self.is_complete = True
        elif kind == START:
            self._has_trailers = bool(message.get("trailers"))
            self.status_code = usable_status(message["status"])
        else:
            self.is_complete = self.is_complete or self._is_last(message)

    def _is_last(self, message: Message) -> bool:
        """Tell whether a message other than start and body ends the response; note if it sends a file."""
        kind = message["type"]
        if kind == "http.response.trailers":
            return not message.get("more_trailers")
        if kind == "http.response.pathsend":
            self._has_file = True
            return not self._has_trailers
        if kind == "http.response.zerocopysend":
            self._has_file = True
            return not message.get("more_body") and not self._has_trailers
        return False

    def _stop(self, now: float) -> None:
        """Note that the response has ended; record it unless the app may still raise its cause."""
        if self.stopped is None:
            self.stopped = now
        if self.status_code is not None and self.status_code < _DEFERRED_STATUS:
            self._record(None)

    def end(self, raised: BaseException | None = None) -> None:
        """Record the request when its app has returned or raised, unless that was done; free the scope."""
        try:
            if not self._is_recorded:
                if self.stopped is None:
                    self.stopped = self._monotonic()
                self._record(raised)
        except Exception as error:  # noqa: BLE001 - measuring never breaks the app
            self._sink.internal_error("end", error)
        finally:
            self._sink.in_progress.discard(self)
            if self._scope.get(SCOPE_KEY) is self:
                del self._scope[SCOPE_KEY]

    def _record(self, raised: BaseException | None) -> None:
        self._is_recorded = True
        self._sink.in_progress.discard(self)
        method, route = self._labels()
        status_code, started = self.status_code, self.started
        response_bytes: int | None = self._response_bytes
        if method == "HEAD" or status_code in _BODILESS_STATUS:
            response_bytes = 0  # servers drop what the app sends; 205 has no content by RFC 9110
        elif self._has_file:
            response_bytes = None  # to ask for its size would make the event loop wait for a disk
        self._sink.count_http(
            new_record(
                HttpExchange,
                (
                    method,
                    route,
                    status_code,
                    (self.stopped or started) - started,
                    self._request_bytes,
                    response_bytes,
                    None if raised is None else type(raised).__name__,
                ),
            )
        )

    def _labels(self) -> tuple[str, str]:
        return method_label(self._scope.get("method")), route_template(self._scope) or UNMATCHED

    def http_labels(self) -> tuple[str, str]:
        """Return (method, route) as known so far; the app may be changing the scope meanwhile."""
        try:
            return self._labels()
        except Exception:  # noqa: BLE001 - read from the flush thread, a race is no fault
            return "OTHER", UNMATCHED

    def open_annotations(self) -> Annotations | None:
        """Return None: a plain request leaves no observation that could carry any."""
        return None

    def reject_annotation(self) -> None:
        """Count an annotation that was set aside."""
        self._sink.count_fault("annotation_rejected")
