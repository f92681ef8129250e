"""A body read before the app asks for it, then given as the server gave it."""

from typing import Any

import pytest

from tests.support.asgi import Message, Server
from tokenpulse.requests.read_ahead import MAX_MESSAGES, ReadAhead

DISCONNECT: Message = {"type": "http.disconnect"}


def piece(content: Any, more: bool = False) -> Message:
    return {"type": "http.request", "body": content, "more_body": more}


async def given(ahead: ReadAhead, count: int) -> list[Message]:
    return [await ahead.receive() for _ in range(count)]


@pytest.mark.parametrize(
    ("messages", "body"),
    [
        ([piece(b"abc")], b"abc"),
        ([piece(b"a", more=True), piece(b"", more=True), piece(bytearray(b"b"))], b"ab"),
        ([piece(memoryview(b"ab"), more=True), {"type": "http.request"}], b"ab"),
        ([{"type": "http.request", "body": None}], b""),
        ([piece(b"12345678")], b"12345678"),
    ],
)
async def test_whole_body_then_the_same_messages(messages: list[Message], body: bytes) -> None:
    """The body is put together up to the bound; the app gets the server's own messages, then what follows."""
    server = Server(messages)
    ahead = ReadAhead(server.receive)

    assert await ahead.read(8) == body
    assert server.received == len(messages)
    replayed = await given(ahead, len(messages))
    assert all(left is right for left, right in zip(replayed, messages, strict=True))
    assert await ahead.receive() == DISCONNECT


@pytest.mark.parametrize(
    ("messages", "read"),
    [
        ([piece(b"123456789"), piece(b"never")], 1),
        ([piece(b"1234", more=True), piece(b"56789", more=True), piece(b"rest")], 2),
        ([piece(b"1234", more=True), DISCONNECT], 2),
        ([{"type": "http.unheard_of"}, piece(b"rest")], 1),
        ([piece(b"", more=True)] * (MAX_MESSAGES + 1), MAX_MESSAGES),
    ],
)
async def test_body_that_is_not_to_be_had(messages: list[Message], read: int) -> None:
    """A long body, a client that left: reading stops there, and the app gets everything in its order."""
    server = Server(messages)
    ahead = ReadAhead(server.receive)

    assert await ahead.read(8) is None
    assert server.received == read
    assert await given(ahead, len(messages)) == messages
    assert server.received == len(messages)


async def test_replaced_body() -> None:
    """The app gets the new body in one message, then what the server gives."""
    first = {**piece(b"a", more=True), "x.own": 1}
    ahead = ReadAhead(Server([first, piece(b"b")]).receive)
    await ahead.read(8)
    ahead.replace(b"new")

    assert await given(ahead, 2) == [{**piece(b"new"), "x.own": 1}, DISCONNECT]
    assert first == {**piece(b"a", more=True), "x.own": 1}


async def test_receive_that_raises() -> None:
    """The exception that an outer layer's `receive` raises comes when the app asks, after what came before."""
    error = ValueError("too long")

    async def receive() -> Message:
        if server.received == 1:
            server.received += 1
            raise error
        return await server.receive()

    server = Server([piece(b"a", more=True)])
    ahead = ReadAhead(receive)

    assert await ahead.read(8) is None
    assert await ahead.receive() == piece(b"a", more=True)
    with pytest.raises(ValueError) as raised:
        await ahead.receive()
    assert raised.value is error
    assert await ahead.receive() == DISCONNECT


async def test_message_without_a_type_is_given_all_the_same() -> None:
    """A fault in reading ahead loses no message."""
    ahead = ReadAhead(Server([{}]).receive)
    with pytest.raises(KeyError):
        await ahead.read(8)

    assert await ahead.receive() == {}
