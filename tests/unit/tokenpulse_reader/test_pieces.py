"""A body in pieces reaches the client as it is."""

from starlette.types import Message, Receive

from tokenpulse_reader.pieces import body_response


async def _sent(pieces: list[bytes], size_bytes: int) -> list[Message]:
    sent: list[Message] = []
    receive: Receive = None  # type: ignore[assignment]  # never called

    async def send(message: Message) -> None:
        sent.append(message)

    await body_response(pieces, size_bytes, {"Content-Type": "text/plain"})({"type": "http"}, receive, send)
    return sent


async def test_one_piece_is_one_message() -> None:
    """So that whoever keeps answers can keep it."""
    start, body = await _sent([b"abc"], 3)

    assert dict(start["headers"])[b"content-length"] == b"3"
    assert body["body"] == b"abc"
    assert not body.get("more_body", False)


async def test_pieces_are_sent_one_after_the_other() -> None:
    """The very bytes that are held, never joined."""
    pieces = [b"abc", b"defg"]
    start, *bodies = await _sent(pieces, 7)

    assert dict(start["headers"])[b"content-length"] == b"7"
    assert [(body["body"], body["more_body"]) for body in bodies] == [
        (b"abc", True),
        (b"defg", True),
        (b"", False),
    ]
    assert bodies[0]["body"] is pieces[0]
