"""Tests of sending large bodies in pieces."""

import pytest

from tests.support.asgi import Server, body, http_scope, replay, start
from tokenpulse_reader.http.bounded_sends import PIECE_BYTES, BoundedSends


@pytest.mark.parametrize(
    "length", [0, 1, PIECE_BYTES, PIECE_BYTES + 1, 2 * PIECE_BYTES, 5 * PIECE_BYTES // 2]
)
@pytest.mark.parametrize("is_last", [True, False])
async def test_pieces_are_the_body(length: int, is_last: bool) -> None:
    """They are in order, none is larger than a piece, only the last one may end the answer."""
    content = bytes(range(256)) * (length // 256) + b"x" * (length % 256)
    ending = [] if is_last else [body(b"end")]
    server = Server()
    app = BoundedSends(replay([start(), body(content, more=not is_last), *ending]))
    await app(http_scope(), server.receive, server.send)
    bodies = server.sent[1:]

    assert server.body == content + (b"" if is_last else b"end")
    assert max(len(message["body"]) for message in bodies) <= PIECE_BYTES
    assert [message["more_body"] for message in bodies] == [True] * (len(bodies) - 1) + [False]
    assert len(bodies) == max(1, -(-length // PIECE_BYTES)) + len(ending)


async def test_small_bodies_pass_as_they_are() -> None:
    """The same object goes on."""
    message = body(b"small")
    server = Server()
    await BoundedSends(replay([start(), message]))(http_scope(), server.receive, server.send)

    assert server.sent[1] is message
