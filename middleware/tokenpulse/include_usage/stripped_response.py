"""Send a response on without what its server added because usage was asked for.

Invariants: a message that does not change goes on as the same object; only an event stream is ever changed.
Never raises of its own: on a fault of ours what is held goes on, then everything as it comes.
"""

from tokenpulse.asgi import Message, Send
from tokenpulse.include_usage.usage_stripper import UsageStripper
from tokenpulse.reading.stream_framing import Framing, framing_of_type
from tokenpulse.requests.plain import BODY, START
from tokenpulse.sink import Sink


class StrippedResponse:
    """Stand between an app's `send` and the server's, for one response."""

    __slots__ = ("_send", "_sink", "_stripper")

    def __init__(self, send: Send, sink: Sink) -> None:
        self._send = send
        self._sink = sink
        self._stripper: UsageStripper | None = None

    async def send(self, message: Message) -> None:
        """Send a message on, unless nothing is left of it yet."""
        kind = message.get("type")
        given: Message | None = message
        if kind == START:
            self._start(message)
        elif self._stripper is not None:
            if kind == BODY:
                given = await self._stripped(self._stripper, message)
            else:
                await self.flush()
        if given is not None:
            await self._send(given)

    async def flush(self) -> None:
        """Send what is held of an event whose end has not come."""
        held = b"" if self._stripper is None else self._stripper.release()
        if held:
            await self._send({"type": BODY, "body": held, "more_body": True})

    async def close(self) -> None:
        """Send what is held when the app has ended without a final body; the client may be gone."""
        try:
            await self.flush()
        except OSError:
            return
        except Exception as error:  # noqa: BLE001 - measuring never breaks the app
            self._sink.internal_error("strip_usage", error)

    def _start(self, message: Message) -> None:
        try:
            headers = message.get("headers", ())
            if not _is_event_stream(headers):
                return
            if _is_fixed(headers):
                self._sink.count_fault("usage_not_stripped")
            else:
                self._stripper = UsageStripper()
        except Exception as error:  # noqa: BLE001 - measuring never breaks the app
            self._sink.internal_error("strip_usage", error)

    async def _stripped(self, stripper: UsageStripper, message: Message) -> Message | None:
        """Return what to send for a body message, None: nothing yet."""
        try:
            return self._without_usage(stripper, message)
        except Exception as error:  # noqa: BLE001 - measuring never breaks the app
            self._sink.internal_error("strip_usage", error)
            await self.flush()
            self._stripper = None
            return message

    def _without_usage(self, stripper: UsageStripper, message: Message) -> Message | None:
        body = message.get("body") or b""
        is_last = not message.get("more_body")
        chunk = body if type(body) is bytes else bytes(body)
        kept = stripper.feed(chunk, is_last=is_last)
        if is_last:
            self._stripper = None
        elif stripper.has_given_up:
            self._stripper = None
            self._sink.count_fault("usage_not_stripped")
        if kept == chunk:
            return message
        return {**message, "body": kept} if kept or is_last else None


def _is_event_stream(headers: object) -> bool:
    """Tell whether a response is an event stream; headers that are a one-shot iterator stay untouched."""
    return isinstance(headers, (list, tuple)) and any(
        name.lower() == b"content-type" and framing_of_type(bytes(value)) is Framing.SSE
        for name, value in headers
    )


def _is_fixed(headers: list[tuple[bytes, bytes]]) -> bool:
    """Tell whether a response cannot be changed: its length is told, or its bytes are encoded."""
    return any(
        name.lower() == b"content-length"
        or (name.lower() == b"content-encoding" and value.lower() != b"identity")
        for name, value in headers
    )
