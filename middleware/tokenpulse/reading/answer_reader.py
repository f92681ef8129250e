"""Read what a response says about its answer: a JSON body or a stream, bounded, at its end."""

from collections.abc import Callable
from typing import Final, NamedTuple

from tokenpulse.asgi import Message
from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.facts import ErrorFacts, JsonObject, Usage, new_record
from tokenpulse.reading.capture import BoundedBody, json_object
from tokenpulse.reading.content_decoding import ContentDecoder, decoder_for
from tokenpulse.reading.estimation import Tally
from tokenpulse.reading.framed_reader import FramedReader
from tokenpulse.reading.pace import Pace
from tokenpulse.reading.request_reader import Asked
from tokenpulse.reading.status import usable_status
from tokenpulse.reading.stream_framing import (
    SNIFFED_BYTES,
    Framing,
    framer_of,
    framing_of_type,
    sniffed_framing,
)
from tokenpulse.reading.stream_reader import StreamReader

HEAD_BYTES: Final = 16 * 1024
"""First bytes kept of a JSON body too long to keep: they hold the model."""

TAIL_BYTES: Final = 64 * 1024
"""Last bytes kept of it: they hold the usage."""

_AWS_NAMES: Final = (b"x-amzn", b"X-Amzn")
_OK: Final = 200
"""The one status whose answer must have a body that can be read."""
_ERROR_TEXT_BYTES: Final = 2048
_USAGE_REJECTED: Final = ("usage_rejected",)

Headers = list[tuple[bytes, bytes]]


class Answer(NamedTuple):
    """Tell what a response said; times are the clock's; None means not known.

    `is_cut`: a stream without finish reasons and terminator, a body that is no JSON. `faults`: causes to count. `pace`:
    a stream's.
    `estimated_output`: tokens, where the operator wants them estimated and usage may not tell them.
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
    pace: Pace | None = None
    estimated_output: int | None = None


class AnswerReader:
    """Read one response.

    path_says_stream: what the path alone says. tally_for: makes what estimates a model's tokens.
    """

    __slots__ = (
        "_body",
        "_decoder",
        "_fault",
        "_framing",
        "_headers",
        "_path_says_stream",
        "_stream",
        "_tally",
        "_tally_for",
        "folded_bytes",
        "is_opaque",
        "status_code",
    )

    def __init__(
        self, path_says_stream: bool | None, tally_for: Callable[[str | None], Tally | None] | None = None
    ) -> None:
        self.folded_bytes = 0
        self.is_opaque = False
        self.status_code = 0
        self._path_says_stream = path_says_stream
        self._framing: Framing | None = None
        self._decoder: ContentDecoder | None = None
        self._headers: Headers = []
        self._tally_for = tally_for
        self._tally: Tally | None = None
        self._fault: str | None = None
        self._stream: StreamReader | FramedReader | None = None
        self._body: BoundedBody | None = None

    def start(self, message: Message) -> None:
        """Look at the response's start: status, content type, content encoding.

        Headers that are a one-shot iterator stay untouched; the kind is then told by the first bytes.
        """
        self.status_code = usable_status(message["status"]) or 0
        headers = message.get("headers", ())
        if not isinstance(headers, (list, tuple)):  # `list | tuple` is made anew by each call: 0.2 µs
            return
        for name, value in headers:
            length = len(name)
            if length == 12 and name.lower() == b"content-type":
                self._framing = framing_of_type(bytes(value))
            elif length == 16 and name.lower() == b"content-encoding":
                self._decode(bytes(value))
            elif name.startswith(_AWS_NAMES):
                self._headers.append((bytes(name).lower(), bytes(value)))

    def _decode(self, encoding: bytes) -> None:
        if encoding.strip().lower() in (b"", b"identity"):
            return
        is_second = self._decoder is not None
        self._decoder = decoder_for(encoding)
        if self._decoder is None or is_second:
            self._give_up("response_encoding_unknown")

    def _give_up(self, fault: str) -> None:
        self.is_opaque = True
        self._fault = fault

    def fold(self, pieces: list[bytes], times: list[float], asked: Asked) -> None:
        """Take pieces while the response goes on, so that what is held stays bounded."""
        self.folded_bytes += sum(map(len, pieces))
        pieces, times = self._decoded(pieces, times)
        if self.is_opaque:
            return
        if self._told_framing(pieces) is Framing.JSON:
            self._bounded_body(pieces)
        else:
            self._reader(asked).read(pieces, times, is_end=False)

    def finish(self, pieces: list[bytes], times: list[float], asked: Asked) -> Answer:
        """Take the last pieces; return what the whole response said."""
        if self._decoder is not None:
            pieces, times = self._decoded(pieces, times)
        if self.is_opaque:
            is_stream = None if self._framing is None else self._framing is not Framing.JSON
            return Answer(is_stream, faults=() if self._fault is None else (self._fault,))
        if self._framing is None and self._body is None and len(pieces) == 1 and pieces[0][:1] == b"{":
            parsed = json_object(pieces[0])  # nearly every answer
            if parsed is not None:
                return self._answer_of(parsed, asked)
        if self._told_framing(pieces) is Framing.JSON:
            return self._json_answer(pieces, asked)
        reader = self._reader(asked)
        reader.read(pieces, times, is_end=True)
        answer = _stream_answer(reader, asked.facts.choices)
        return answer if self._tally is None else answer._replace(estimated_output=self._tally.tokens())

    def _decoded(self, pieces: list[bytes], times: list[float]) -> tuple[list[bytes], list[float]]:
        """Return what pieces of an encoded body bring, and when; bounded by the decoder's budget."""
        decoder = self._decoder
        if decoder is None or self.is_opaque:
            return pieces, times
        plain = [(decoder.decode(piece), time) for piece, time in zip(pieces, times, strict=True)]
        if decoder.is_broken:
            cause = "response_too_large_to_decode" if decoder.is_over_budget else "response_undecodable"
            self._give_up(cause)
        return [piece for piece, _ in plain if piece], [time for piece, time in plain if piece]

    def _told_framing(self, pieces: list[bytes]) -> Framing:
        if self._framing is Framing.SSE and self._stream is None and pieces and pieces[0][:1] == b"{":
            self._framing = None  # JSON under the type of a stream: proxies answer so, errors mostly
        if self._framing is None:
            if not pieces:
                return Framing.JSON
            first = b"".join(pieces[:SNIFFED_BYTES])[:SNIFFED_BYTES]
            is_failure = self.status_code >= 400
            self._framing = Framing.JSON if is_failure else sniffed_framing(first, self._path_says_stream)
        return self._framing

    def _reader(self, asked: Asked) -> StreamReader | FramedReader:
        if self._stream is None:
            framer = None if self._framing is None else framer_of(self._framing)
            if self._tally_for is not None:
                self._tally = self._tally_for(asked.facts.model)
            if framer is None:
                self._stream = StreamReader(asked.dialect, asked.facts.choices, self._tally)
            else:
                self._stream = FramedReader(asked.dialect, framer, self._tally)
        return self._stream

    def _bounded_body(self, pieces: list[bytes]) -> BoundedBody:
        if self._body is None:
            self._body = BoundedBody(HEAD_BYTES, TAIL_BYTES)
        for piece in pieces:
            self._body.add(piece)
        return self._body

    def _json_answer(self, pieces: list[bytes], asked: Asked) -> Answer:
        if self._body is None and not pieces:
            return Answer(None if self._framing is None else False)
        body = self._bounded_body(pieces)
        parsed = json_object(body.whole()) if body.is_whole else asked.dialect.abridged(*body.ends())
        if parsed is None:
            return self._answer_without_json(body, asked.dialect)
        return self._answer_of(parsed, asked)

    def _answer_of(self, parsed: JsonObject, asked: Asked) -> Answer:
        dialect, is_failure = asked.dialect, self.status_code >= 400
        model, finish_reason, usage, error = dialect.answer(parsed, is_failure)
        if self._headers:
            usage = usage or dialect.header_usage(self._headers)
            error = self._named(error, dialect, is_failure)
        faults = _USAGE_REJECTED if usage is not None and usage.has_rejected else ()
        estimated = None
        if self._tally_for is not None and (usage is None or usage.tokens_output is None):
            estimated = self._estimated(parsed, asked)
        return new_record(
            Answer,
            (False, model, finish_reason, usage, error, None, None, None, False, faults, None, estimated),
        )

    def _estimated(self, parsed: JsonObject, asked: Asked) -> int | None:
        tally = None if self._tally_for is None else self._tally_for(asked.facts.model)
        if tally is None:
            return None
        tally.add(0, asked.dialect.text(parsed))
        return tally.tokens()

    def _answer_without_json(self, body: BoundedBody, dialect: Dialect) -> Answer:
        if self.status_code < 400:
            usage = dialect.header_usage(self._headers)
            is_cut = usage is None and self.status_code == _OK
            return Answer(False, usage=usage, is_cut=is_cut, faults=("response_malformed",))
        text = body.start(_ERROR_TEXT_BYTES).decode("utf-8", "replace").strip()
        return Answer(False, error=self._named(ErrorFacts(message=text or None), dialect, is_failure=True))

    def _named(self, error: ErrorFacts | None, dialect: Dialect, is_failure: bool) -> ErrorFacts | None:
        """Return a failure's error under the type that the headers give it, if the body gives it none."""
        if not is_failure or (error is not None and error.type is not None):
            return error
        told = dialect.header_error(self._headers)
        return error if told is None else (error or ErrorFacts())._replace(type=told)


def _stream_answer(reader: StreamReader | FramedReader, choices: int) -> Answer:
    facts = reader.facts
    finishes, usage = facts.finishes, facts.usage
    faults = ["event_unreadable"] * facts.given_up
    if usage is not None and usage.has_rejected:
        faults.append("usage_rejected")
    if facts.has_malformed:
        faults.append("response_malformed")
    return Answer(
        True,
        facts.model,
        finishes.get(0) or next(iter(finishes.values()), None),
        usage,
        facts.error,
        facts.first_content_at,
        facts.first_visible_at,
        facts.last_content_at,
        len(finishes) < choices and not facts.is_terminated,
        tuple(faults),
        reader.pace,
    )
