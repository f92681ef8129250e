"""What a dialect is: how the bodies of one protocol are read.

A dialect of one's own is a class with the members of `Dialect`, most easily a subclass of `JsonDialect`; an
instance is given to the middleware: `TokenPulseMiddleware(app, dialects=[MyDialect()])`.
"""

from typing import NamedTuple, Protocol

from tokenpulse.dialects.facts import AnswerFacts, EventFacts, JsonObject, RequestFacts, Usage
from tokenpulse.framing.json_scan import scalars_at_start, value_at_end


class Mark(NamedTuple):
    """Hold the bytes of a JSON key, by which an event without it can be passed over unparsed."""

    key: bytes
    null: bytes
    spaced_null: bytes

    @classmethod
    def of(cls, name: str) -> "Mark":
        """Return the mark of a key's name."""
        key = b'"' + name.encode() + b'"'
        return cls(key, key + b":null", key + b": null")

    def is_set_in(self, data: bytes) -> bool:
        """Return False only if the key is surely absent, or null wherever it stands."""
        count = data.count(self.key)
        return count > 0 and count > data.count(self.null) + data.count(self.spaced_null)


class Marks(NamedTuple):
    """Name the JSON keys without which an event cannot tell usage, finish reason, error; one key each.

    `content`: bytes (quotes included) that stand once in every event that brings content. Events that hold
    them count as content where a stream's flow is measured, so events without content should lack them.
    """

    usage: Mark
    finish: Mark
    error: Mark
    content: bytes


class Route(NamedTuple):
    """Name a path by its end, whatever prefix it has; `{model}` stands for the model's id.

    `is_stream`: what the path alone says of streaming, None: nothing. `operation`: None: the dialect's own.
    `label`: what the path is called in metrics; "": its pattern.
    """

    pattern: str
    is_stream: bool | None = None
    operation: str | None = None
    label: str = ""


class Dialect(Protocol):
    """Read the bodies of one protocol.

    Bodies are parsed JSON objects as they came; no method raises on a shape it does not know.
    """

    name: str
    operation: str
    vendor: str | None
    """The provider of an answer whose model names none; None for a protocol that many providers speak."""
    marks: Marks

    @property
    def routes(self) -> tuple[Route, ...]:
        """Return the paths this dialect is spoken at."""

    def for_request(self, body: JsonObject) -> "Dialect":
        """Return who reads this exchange: another dialect when the body shows that it shares the path."""

    def request(self, body: JsonObject) -> RequestFacts:
        """Return what the caller asked for."""

    def answer(self, body: JsonObject, is_failure: bool) -> AnswerFacts:
        """Return what a JSON answer says; `is_failure`: the status said 400 or more."""

    def event(self, name: bytes, body: JsonObject) -> EventFacts:
        """Return what an event says; `name` is the framing's name of it, `error` for what it marks as one."""

    def text(self, body: JsonObject) -> str:
        """Return the text a model generated in an event or an answer: visible, reasoning, call arguments."""

    def header_usage(self, headers: list[tuple[bytes, bytes]]) -> Usage | None:
        """Return usage that stands in the response's headers, None without."""

    def header_error(self, headers: list[tuple[bytes, bytes]]) -> str | None:
        """Return the error type that a failure's headers name, None without."""

    def abridged(self, head: bytes, tail: bytes) -> JsonObject | None:
        """Return what the ends of a too long event or answer tell, shaped as a body; None: nothing."""


class JsonDialect:
    """What most dialects have in common."""

    vendor: str | None = None
    cut_keys: tuple[str, ...] = ()
    """Top-level keys looked for at both ends of a body too long to keep."""

    def for_request(self, body: JsonObject) -> Dialect:
        """Return itself: no other dialect shares its paths."""
        return self  # type: ignore[return-value]  # a subclass has the members that this class leaves out

    def header_usage(self, headers: list[tuple[bytes, bytes]]) -> Usage | None:
        """Return None: usage stands in the body."""
        return None

    def header_error(self, headers: list[tuple[bytes, bytes]]) -> str | None:
        """Return None: the error stands in the body."""
        return None

    def abridged(self, head: bytes, tail: bytes) -> JsonObject | None:
        """Return the values of `cut_keys` found at either end; the later one wins."""
        facts = scalars_at_start(head, self.cut_keys)
        for key in self.cut_keys:
            value = value_at_end(tail, key)
            if value is not None:
                facts[key] = value
        return facts
