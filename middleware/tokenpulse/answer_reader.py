"""Read what a response says about its answer: a JSON body or an event stream, bounded, at its end."""

from typing import Final, NamedTuple

from tokenpulse.asgi import Message
from tokenpulse.capture import BoundedBody, json_object
from tokenpulse.dialects.base import Dialect, ErrorFacts, RequestFacts, Usage, new_record
from tokenpulse.stream_facts import StreamFacts
from tokenpulse.stream_reader import StreamReader

HEAD_BYTES: Final = 16 * 1024
"""First bytes kept of a JSON body too long to keep: they hold the model."""

TAIL_BYTES: Final = 64 * 1024
"""Last bytes kept of it: they hold the usage."""

_ERROR_TEXT_BYTES: Final = 2048
_USAGE_REJECTED: Final = ("usage_rejected",)
_CUT_KEYS: Final = ("model", "usage", "error")
_EVENT_STARTS: Final = (b"data:", b"event:", b":", b"id:", b"retry:")


class Answer(NamedTuple):
    """Tell what a response said; times are the clock's; None means not known.

    `is_cut`: an event stream without finish reasons and terminator. `faults`: causes to count.
    """

    is_stream: bool | None = None
    model: str | None = None
    finish_reason: str | None = None
    usage: Usage | None = None
    error: ErrorFacts | None = None
    first_content_at: float | None = None
    first_visible_at: float | None = None
    last_content_at: float | None = None
    is_cut: bool = False
    faults: tuple[str, ...] = ()


class AnswerReader:
    """Read one response."""

    __slots__ = ("_body", "_dialect", "_is_stream", "_stream", "folded_bytes", "is_opaque", "status_code")

    def __init__(self, dialect: Dialect) -> None:
        self.folded_bytes = 0
        self.is_opaque = False
        self.status_code = 0
        self._dialect = dialect
        self._is_stream: bool | None = None
        self._stream: StreamReader | None = None
        self._body: BoundedBody | None = None

    def start(self, message: Message) -> None:
        """Look at the response's start: status, content type, content encoding.

        Headers that are a one-shot iterator stay untouched; the kind is then told by the first bytes.
        """
        self.status_code = message["status"]
        headers = message.get("headers", ())
        if not isinstance(headers, (list, tuple)):  # `list | tuple` is made anew by each call: 0.2 µs
            return
        for name, value in headers:
            if len(name) == 12 and name.lower() == b"content-type":
                self._is_stream = bytes(value).lower().startswith(b"text/event-stream") or None
            elif len(name) == 16 and name.lower() == b"content-encoding":
                self.is_opaque = value.lower() != b"identity"

    def fold(self, pieces: list[bytes], times: list[float], request: RequestFacts) -> None:
        """Take pieces while the response goes on, so that what is held stays bounded."""
        self.folded_bytes += sum(map(len, pieces))
        if self.is_opaque:
            return
        if self._tell_stream(pieces):
            self._reader(request).read(pieces, times, is_end=False)
        else:
            self._bounded_body(pieces)

    def finish(self, pieces: list[bytes], times: list[float], request: RequestFacts) -> Answer:
        """Take the last pieces; return what the whole response said."""
        if self.is_opaque:
            return Answer(self._is_stream)
        if self._tell_stream(pieces):
            reader = self._reader(request)
            reader.read(pieces, times, is_end=True)
            return _stream_answer(reader.facts, request.choices)
        return self._json_answer(pieces)

    def _tell_stream(self, pieces: list[bytes]) -> bool:
        if self._is_stream is None and pieces:
            first = pieces[0] if len(pieces[0]) > 8 else b"".join(pieces[:8])
            self._is_stream = self.status_code < 400 and first.lstrip().startswith(_EVENT_STARTS)
        return self._is_stream is True

    def _reader(self, request: RequestFacts) -> StreamReader:
        if self._stream is None:
            self._stream = StreamReader(self._dialect, request.choices)
        return self._stream

    def _bounded_body(self, pieces: list[bytes]) -> BoundedBody:
        if self._body is None:
            self._body = BoundedBody(HEAD_BYTES, TAIL_BYTES)
        for piece in pieces:
            self._body.add(piece)
        return self._body

    def _json_answer(self, pieces: list[bytes]) -> Answer:
        if self._body is None and not pieces:
            return Answer(self._is_stream)
        is_failure = self.status_code >= 400
        if self._body is None and len(pieces) == 1:  # nearly every answer
            parsed = json_object(pieces[0])
        else:
            parsed = self._bounded_body(pieces).json_object(_CUT_KEYS)
        if parsed is not None:
            model, finish_reason, usage, error = self._dialect.answer(parsed, is_failure)
            faults = _USAGE_REJECTED if usage is not None and usage.has_rejected else ()
            return new_record(
                Answer, (False, model, finish_reason, usage, error, None, None, None, False, faults)
            )
        if not is_failure:
            return Answer(False, faults=("response_malformed",))
        body = self._bounded_body(pieces) if self._body is None else self._body
        text = body.start(_ERROR_TEXT_BYTES).decode("utf-8", "replace").strip()
        return Answer(False, error=ErrorFacts(message=text or None))


def _usage_faults(usage: Usage | None) -> tuple[str, ...]:
    return _USAGE_REJECTED if usage is not None and usage.has_rejected else ()


def _stream_answer(facts: StreamFacts, choices: int) -> Answer:
    finishes = facts.finishes
    faults = _usage_faults(facts.usage) + ("event_too_large",) * facts.given_up
    if facts.has_malformed:
        faults += ("response_malformed",)
    return Answer(
        True,
        facts.model,
        finishes.get(0) or next(iter(finishes.values()), None),
        facts.usage,
        facts.error,
        facts.first_content_at,
        facts.first_visible_at,
        facts.last_content_at,
        len(finishes) < choices and not facts.is_terminated,
        faults,
    )
