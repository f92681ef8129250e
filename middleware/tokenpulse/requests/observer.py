"""Follow one inference request and leave one Observation.

Strategy: on the way of a token only its time and a reference to its bytes are kept; all reading happens when
the response has ended (see `answer_reader`).
Invariants: a message is handed on as the same object, before anything is parsed; one Observation and one
HttpExchange per request, made when the final body was sent, or the app returned or raised.
Bounds: what is held of a request and of a response is bounded by `capture`.
"""

from collections.abc import Callable
from typing import NamedTuple

from tokenpulse.annotations import Annotations
from tokenpulse.asgi import Message, Receive, Scope, Send
from tokenpulse.reading.answer_reader import AnswerReader
from tokenpulse.reading.capture import PIECE_BYTES, WHOLE_BYTES
from tokenpulse.reading.estimation import Tally
from tokenpulse.reading.request_reader import RequestBody, read_request, with_piece
from tokenpulse.reading.status import usable_status
from tokenpulse.requests.conclusion import conclude
from tokenpulse.requests.endpoints import Endpoint
from tokenpulse.requests.naming import Naming
from tokenpulse.requests.plain import BODY, START, PlainObserver
from tokenpulse.requests.trace_context import trace_id_of
from tokenpulse.route_template import method_label, route_template
from tokenpulse.sink import Sink
from tokenpulse_shared.records import Observation

OnObservation = Callable[[Observation], object]


class Reading(NamedTuple):
    """Hold what all requests of an app are read by; `tally_for` None: nothing is estimated."""

    naming: Naming
    on_observation: OnObservation | None
    tally_for: Callable[[str | None], Tally | None] | None


class InferenceObserver(PlainObserver):
    """Own one inference request's state."""

    __slots__ = (
        "_answer",
        "_is_due",
        "_is_turned_away",
        "_pieces",
        "_reading",
        "_request",
        "_room_bytes",
        "_times",
        "annotations",
        "endpoint",
        "has_disconnected",
        "response_started",
        "send_wait_seconds",
        "started_at",
    )

    def __init__(
        self,
        scope: Scope,
        receive: Receive,
        send: Send,
        sink: Sink,
        endpoint: Endpoint,
        reading: Reading,
    ) -> None:
        PlainObserver.__init__(self, scope, receive, send, sink)
        self.started_at = sink.clock.time()
        self.endpoint = endpoint
        self.annotations: Annotations | None = None
        self.has_disconnected = False
        self.send_wait_seconds = 0.0
        self.response_started: float | None = None
        self._reading = reading
        self._request: RequestBody = b""
        self._answer = AnswerReader(endpoint.is_stream, reading.tally_for)
        self._pieces: list[bytes] = []
        self._times: list[float] = []
        self._room_bytes = WHOLE_BYTES
        self._is_due = False
        self._is_turned_away = False

    def is_of(self, sink: object) -> bool:
        """Tell whether it leaves its Observation with this one."""
        return self._sink is sink

    def asked_names(self) -> tuple[str, str] | None:
        """Return provider and model as far as the request tells by now; None where it names no model."""
        asked = read_request(self._request, self.endpoint.dialect, self._scope.get("headers"))
        model = asked.facts.model or self.endpoint.path_model
        if model is None:
            return None
        names = self._reading.naming.find(self._scope, None, model, self._sink, asked.dialect.vendor)
        return names.provider, names.model

    def turn_away(self) -> None:
        """Count the request as HTTP only: no provider was called."""
        self._is_turned_away = True

    async def receive(self) -> Message:
        """Hand on the server's message; keep a reference to the request's body."""
        message = await self._receive()
        try:
            kind = message["type"]
            if kind == "http.request":
                body = message.get("body", b"")
                if body:
                    self._request = with_piece(self._request, body if type(body) is bytes else bytes(body))
            elif kind == "http.disconnect" and not self.is_complete:
                self.has_disconnected = True
        except Exception as error:  # noqa: BLE001 - measuring never breaks the app
            self._sink.internal_error("receive", error)
        return message

    def app_send(self) -> Send:
        """Return the app's `send`: hand on its message; note when it came, keep a reference to its body.

        A closure, not a method: names bound once save 7 % of what a token costs. It appends to `_pieces`
        and `_times` for the whole response, so these lists are cleared, never replaced.
        """
        clock, send = self._monotonic, self._send
        keep_piece, keep_time = self._pieces.append, self._times.append

        async def follow(message: Message) -> None:
            before = 0.0
            try:
                before = clock()
                body = message.get("body")
                if type(body) is bytes and body and message.get("more_body") and message["type"] == BODY:
                    # The way of a token: as little as can be.
                    keep_time(before)
                    keep_piece(body)
                    self._room_bytes -= len(body) + PIECE_BYTES
                    if self._room_bytes < 0:
                        self._is_due = True
                else:
                    self._note_other(message, before)
            except Exception as error:  # noqa: BLE001 - measuring never breaks the app
                self._sink.internal_error("send", error)
            try:
                await send(message)
            except BaseException as error:
                self._note_send_error(error)
                raise
            try:
                after = clock()
                self.send_wait_seconds += after - before
                if self._is_due and not self._is_recorded:
                    self._read_on(after)
            except Exception as error:  # noqa: BLE001 - measuring never breaks the app
                self._sink.internal_error("send", error)

        return follow

    def _read_on(self, now: float) -> None:
        """Read what the client has by now: all of a response that has ended, else so much that it stays bounded."""
        self._is_due = False
        if self.is_complete:
            self._stop(now)
        elif self._room_bytes < 0:
            self._fold()

    def _note_other(self, message: Message, now: float) -> None:
        """Note any message that is no piece of bytes with more to come."""
        kind = message["type"]
        if kind == BODY:
            self._is_due = True
            body = message.get("body")
            if body:
                piece = body if type(body) is bytes else bytes(body)
                self._times.append(now)
                self._pieces.append(piece)
                self._room_bytes -= len(piece) + PIECE_BYTES
            if not message.get("more_body") and not self._has_trailers:
                self.is_complete = True
        elif kind == START:
            self.status_code = usable_status(message["status"])
            self._has_trailers = bool(message.get("trailers"))
            self.response_started = now
            self._answer.start(message)
        elif self._is_last(message):
            self._is_due = self.is_complete = True

    def _note_send_error(self, error: BaseException) -> None:
        """Note that a message did not go out; OSError from a server's `send`: the client left (ASGI 2.4)."""
        if self._is_recorded:
            return
        self.is_complete = False
        if isinstance(error, OSError) or type(error).__name__.startswith("ClientDisconnect"):
            self.has_disconnected = True

    def _fold(self) -> None:
        """Let the reader take what is held, so that a long answer stays bounded; the client has it already."""
        self._room_bytes = WHOLE_BYTES
        asked = read_request(self._request, self.endpoint.dialect, self._scope.get("headers"))
        try:
            self._answer.fold(self._pieces, self._times, asked)
        finally:
            self._pieces.clear()
            self._times.clear()

    def _record(self, raised: BaseException | None) -> None:
        request, pieces, times = self._request, self._pieces, self._times
        self._request_bytes = len(request) if isinstance(request, bytes) else request.length_bytes
        held_bytes = WHOLE_BYTES - self._room_bytes - PIECE_BYTES * len(pieces)
        self._response_bytes = self._answer.folded_bytes + held_bytes
        PlainObserver._record(self, raised)
        if self._is_turned_away:
            return
        asked = read_request(request, self.endpoint.dialect, self._scope.get("headers"))
        answer = self._answer.finish(pieces, times, asked)
        pieces.clear()
        times.clear()
        if answer.is_stream is None:
            says = asked.facts.is_streaming
            answer = answer._replace(is_stream=self.endpoint.is_stream if says is None else says)
        if asked.fault is not None:
            self._sink.count_fault(asked.fault)
        for cause in answer.faults:
            self._sink.count_fault(cause)
        model = asked.facts.model or self.endpoint.path_model or answer.model
        names = self._reading.naming.find(
            self._scope, self.annotations, model, self._sink, asked.dialect.vendor
        )
        trace_id = trace_id_of(self._scope.get("headers"))
        observation = conclude(self, answer, names, asked.dialect, raised, self._sink.prices, trace_id)
        self._sink.observe(observation)
        on_observation = self._reading.on_observation
        if on_observation is not None:
            try:
                on_observation(observation)
            except Exception as error:  # noqa: BLE001 - the operator's function must not break the request
                self._sink.internal_error("on_observation", error)

    def _labels(self) -> tuple[str, str]:
        return method_label(self._scope.get("method")), route_template(self._scope) or self.endpoint.label

    def open_annotations(self) -> Annotations | None:
        """Return where to write annotations, None once the observation is made."""
        if self._is_recorded:
            return None
        if self.annotations is None:
            self.annotations = Annotations()
        return self.annotations
