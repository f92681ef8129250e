"""Messages of a response from which usage is taken out."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.asgi import JSON_TYPE, SSE_TYPE, MemorySink, Message, Server, body, start
from tests.support.clock import FakeClock
from tests.support.usage_streams import DONE
from tokenpulse.framing.long_event import MAX_EVENT_BYTES
from tokenpulse.include_usage.stripped_response import StrippedResponse
from tokenpulse.include_usage.usage_stripper import UsageStripper

CHUNK = b'data: {"choices":[1],"usage":null}\n\n'
PLAIN = b'data: {"choices":[1]}\n\n'
EXTRA = b'data: {"choices":[],"usage":{}}\n\n'


class Response:
    """Send messages through a StrippedResponse to a server."""

    def __init__(self) -> None:
        self.sink = MemorySink(FakeClock())
        self.server = Server()
        self.stripped = StrippedResponse(self.server.send, self.sink)

    async def send(self, *messages: Message) -> list[Message]:
        """Return all that the server was sent."""
        for message in messages:
            await self.stripped.send(message)
        return self.server.sent


async def test_changed_messages_are_copies() -> None:
    """A message that changes is copied, one of which nothing is left is dropped, the others stay themselves."""
    response = Response()
    first, chunk, extra = start(200, SSE_TYPE), {**body(CHUNK, more=True), "x.own": 1}, body(EXTRA, more=True)
    done, last = body(DONE, more=True), body(b"")
    sent = await response.send(first, chunk, extra, done, last)

    assert sent == [first, {**body(PLAIN, more=True), "x.own": 1}, done, last]
    assert [sent[0] is first, sent[2] is done, sent[3] is last] == [True] * 3
    assert (chunk["body"], extra["body"]) == (CHUNK, EXTRA)


@pytest.mark.parametrize("convert", [bytes, bytearray, memoryview])
async def test_final_message_is_always_sent(convert: Any) -> None:
    """A final message is sent even if nothing is left of its body, whatever kind of bytes that was."""
    response = Response()
    sent = await response.send(
        start(200, SSE_TYPE), {"type": "http.response.body", "body": convert(DONE + EXTRA)}, body(EXTRA)
    )

    assert sent == [start(200, SSE_TYPE), {"type": "http.response.body", "body": DONE}, body(EXTRA)]


async def test_final_message_without_a_body() -> None:
    """What was held goes with the final message, also if that brings no bytes; empty messages stay."""
    response = Response()
    empty, last = {"type": "http.response.body", "more_body": True}, {"type": "http.response.body"}
    sent = await response.send(start(200, SSE_TYPE), empty, body(b"data: a", more=True), last)

    assert sent == [start(200, SSE_TYPE), empty, {**last, "body": b"data: a"}]
    assert sent[1] is empty


@pytest.mark.parametrize(
    ("headers", "faults"),
    [
        ([JSON_TYPE], []),
        ([], []),
        (None, []),
        ([SSE_TYPE, (b"Content-Length", b"99")], ["usage_not_stripped"]),
        ([SSE_TYPE, (b"Content-Encoding", b"gzip")], ["usage_not_stripped"]),
    ],
)
async def test_responses_that_pass_untouched(headers: Any, faults: list[str]) -> None:
    """No event stream, or one that cannot be changed: every message goes on as it is."""
    response = Response()
    messages = [
        {"type": "http.response.start", "status": 200} if headers is None else start(200, *headers),
        body(CHUNK, more=True),
        body(b"data: ", more=True),
        body(EXTRA),
    ]
    sent = await response.send(*messages)

    assert all(left is right for left, right in zip(sent, messages, strict=True))
    assert response.sink.faults == faults


async def test_headers_that_can_be_read_once() -> None:
    """Headers given as an iterator belong to the server: they are not looked at."""

    def headers() -> Iterator[tuple[bytes, bytes]]:
        yield SSE_TYPE

    response = Response()
    (sent,) = await response.send({"type": "http.response.start", "status": 200, "headers": headers()})

    assert list(sent["headers"]) == [SSE_TYPE]


async def test_identity_is_no_encoding() -> None:
    """`content-encoding: identity` says that the bytes are plain."""
    response = Response()
    sent = await response.send(start(200, SSE_TYPE, (b"content-encoding", b"Identity")), body(CHUNK))

    assert sent[1] == body(PLAIN)


async def test_held_bytes_go_before_other_messages() -> None:
    """A message of another kind comes after the bytes that were sent before it."""
    response = Response()
    other = {"type": "http.response.zerocopysend", "file": 3, "more_body": True}
    sent = await response.send(start(200, SSE_TYPE), body(b"data: ", more=True), other, body(CHUNK))

    assert sent == [start(200, SSE_TYPE), body(b"data: ", more=True), other, body(PLAIN)]


async def test_event_too_long_to_hold() -> None:
    """All goes on, from there untouched; counted once."""
    response = Response()
    long = b"data: " + b"x" * MAX_EVENT_BYTES
    messages = [start(200, SSE_TYPE), body(long, more=True), body(CHUNK, more=True), body(EXTRA)]

    assert await response.send(*messages) == messages
    assert response.sink.faults == ["usage_not_stripped"]


async def test_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """A fault inside tokenpulse is counted; the held bytes, the message, all that follows go on."""
    response = Response()
    await response.send(start(200, SSE_TYPE), body(b"data: ", more=True))
    with monkeypatch.context() as patch:
        patch.setattr(UsageStripper, "feed", None)
        await response.send(body(b"a\n\n", more=True))
    sent = await response.send(body(CHUNK))

    assert sent == [start(200, SSE_TYPE), body(b"data: ", more=True), body(b"a\n\n", more=True), body(CHUNK)]
    assert [(where, type(error)) for where, error in response.sink.errors] == [("strip_usage", TypeError)]


async def test_headers_that_cannot_be_read() -> None:
    """Headers that are no pairs are counted as a fault of ours; the server gets the message."""
    response = Response()
    broken = {"type": "http.response.start", "status": 200, "headers": [1]}

    assert await response.send(broken) == [broken]
    assert [where for where, _ in response.sink.errors] == ["strip_usage"]


@pytest.mark.parametrize(("error", "counted"), [(OSError("gone"), []), (ValueError("odd"), ["strip_usage"])])
async def test_close(error: Exception, counted: list[str]) -> None:
    """What is held is sent at the app's end; a client that is gone is no fault."""
    response = Response()
    await response.send(start(200, SSE_TYPE), body(b"data: ", more=True))

    def refuse(message: Message) -> None:
        raise error

    response.server.on_send = refuse
    await response.stripped.close()
    await response.stripped.close()

    assert response.server.sent[1:] == [body(b"data: ", more=True)]
    assert [where for where, _ in response.sink.errors] == counted


async def test_close_without_a_stream() -> None:
    """Nothing is held of a response that has not started."""
    response = Response()
    await response.stripped.close()

    assert response.server.sent == []
