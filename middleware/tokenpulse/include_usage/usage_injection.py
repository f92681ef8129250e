"""Ask for a stream's usage on the caller's behalf (see docs/include_usage.md).

Strategy: the request's body is read before the app is called, because its length stands in the scope; the
response is measured as the app sends it, then stripped of what was added.
Invariants: without an injection the app gets its scope and every message as they are; with one, a copy of the
scope in which only the length differs.
Bounds: a body up to `WHOLE_BYTES` is read ahead; of a longer one of unknown length, no more than that.
"""

from collections.abc import Awaitable, Iterable
from typing import Final

from tokenpulse.annotations import SCOPE_KEY
from tokenpulse.asgi import App, Message, Receive, Scope, Send
from tokenpulse.include_usage.include_usage import open_request, with_include_usage
from tokenpulse.include_usage.stripped_response import StrippedResponse
from tokenpulse.reading.capture import WHOLE_BYTES
from tokenpulse.requests.endpoints import Endpoint
from tokenpulse.requests.plain import PlainObserver
from tokenpulse.requests.read_ahead import ReadAhead
from tokenpulse.sink import Sink

DIALECTS: Final = frozenset(("openai-chat", "openai-completions"))
"""Those that send usage in a stream only if `stream_options.include_usage` asks for it."""

_LENGTH: Final = b"content-length"
_LENGTH_DIGITS: Final = 20
"""Longest number looked at: `int` refuses thousands of digits."""
_BODY_HEADERS: Final = frozenset((b"content-encoding", b"content-digest", b"content-md5", b"digest"))
"""With one of these the body cannot be changed, or not without changing the header."""


def is_injectable(scope: Scope, endpoint: Endpoint | None) -> bool:
    """Tell whether a request may get `include_usage`, as far as its head says.

    Headers that are a one-shot iterator stay untouched: then it may not.
    """
    headers = scope["headers"]
    return (
        endpoint is not None
        and endpoint.dialect.name in DIALECTS
        and scope["method"] == "POST"
        and SCOPE_KEY not in scope  # an outer middleware measures it
        and isinstance(headers, (list, tuple))
        and all(_permits(name.lower(), value) for name, value in headers)
    )


def _permits(name: bytes, value: bytes) -> bool:
    """Tell whether a header lets the body be read as JSON, then be changed."""
    if name == b"content-type":
        media_type = value.partition(b";")[0].strip().lower()
        return media_type == b"application/json" or media_type.endswith(b"+json")
    if name == _LENGTH:
        return value.isdigit() and len(value) <= _LENGTH_DIGITS and int(value) <= WHOLE_BYTES
    return name not in _BODY_HEADERS


class UsageInjection:
    """Stand between the server and the observer of one request."""

    __slots__ = ("_ahead", "_response", "_send", "_sink", "receive")

    def __init__(self, receive: Receive, send: Send, sink: Sink) -> None:
        self._ahead = ReadAhead(receive)
        self._send = send
        self._sink = sink
        self._response: StrippedResponse | None = None
        self.receive: Receive = self._ahead.receive

    def send(self, message: Message) -> Awaitable[None]:
        """Send the observer's message on."""
        return self._send(message)

    async def run(self, app: App, scope: Scope, observer: PlainObserver) -> None:
        """Run the app on a request that asks for usage, where that can be asked for; else on what came."""
        body = await self._written()
        if body is None:
            await app(scope, observer.receive, observer.app_send())
            return
        self._ahead.replace(body)
        response = StrippedResponse(self._send, self._sink)
        self._send = response.send
        given = {**scope, "headers": _with_length(scope["headers"], len(body))}
        observer.move_to(given)
        try:
            await app(given, observer.receive, observer.app_send())
        except Exception:
            await response.close()
            raise
        finally:
            # What a framework notes in its scope, the route for one, is there for outer layers to read.
            scope.update({key: given[key] for key in given.keys() - scope.keys() - {SCOPE_KEY}})
        await response.close()

    async def _written(self) -> bytes | None:
        """Return the body to give the app, None: the one that came."""
        try:
            body = await self._ahead.read(WHOLE_BYTES)
            request = None if body is None else open_request(body)
            if body is None or request is None:
                return None
            written = with_include_usage(body, request)
            if written is None:
                self._sink.count_fault("include_usage_not_injected")
        except Exception as error:  # noqa: BLE001 - measuring never breaks the app
            self._sink.internal_error("inject_usage", error)
            return None
        return written


def _with_length(headers: Iterable[tuple[bytes, bytes]], length_bytes: int) -> list[tuple[bytes, bytes]]:
    told = b"%d" % length_bytes
    return [(name, told if name.lower() == _LENGTH else value) for name, value in headers]
