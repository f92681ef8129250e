"""Conversations of an ASGI app, each ending in a way of its own."""

import asyncio
from typing import Final

import orjson

from tests.support.answers import DONE, chat_answer, delta, short_stream, usage_chunk
from tests.support.asgi import JSON_TYPE, SSE_TYPE, body, start
from tests.support.rooms import Rooms
from tests.support.written_lines import print_line
from tokenpulse import annotate
from tokenpulse.asgi import Message, Receive, Scope, Send

EARLY_HINT: Final = {"type": "http.response.early_hint", "links": [b"</a.css>; rel=preload"]}
TRAILERS: Final = {"type": "http.response.trailers", "headers": [(b"x-took", b"7")]}
LONG_PIECE: Final = delta(content="x" * 65_536)


async def _read(receive: Receive) -> bytes:
    """Return the request's whole body."""
    content = b""
    while True:
        message = await receive()
        content += message.get("body", b"")
        if not message.get("more_body"):
            return content


class Conversations:
    """Hold one conversation per public method; `name` is what the path says after the conversation."""

    def __init__(self) -> None:
        self._rooms = Rooms()

    async def answer(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request, send a whole JSON answer."""
        await _read(receive)
        await send(start(200, JSON_TYPE, (b"content-length", b"%d" % len(chat_answer()))))
        await send(body(chat_answer()))

    async def stream(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the request, send a whole stream."""
        await _read(receive)
        await self._send_stream(send, short_stream())

    async def unread(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a whole stream without ever asking for the request."""
        annotate(scope, model=name)
        await self._send_stream(send, short_stream())

    async def raise_before(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Raise before the response has started."""
        await _read(receive)
        raise RuntimeError("before the start")

    async def raise_after(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Raise in the middle of a stream."""
        await _read(receive)
        await send(start(200, SSE_TYPE))
        await send(body(delta(content="a"), more=True))
        raise RuntimeError("after the start")

    async def no_start(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Return without a response."""
        await _read(receive)

    async def no_end(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Return without the final body."""
        await _read(receive)
        await send(start(200, SSE_TYPE))
        await send(body(delta(content="a"), more=True))

    async def background(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then go on until somebody converses `release` under the same name."""
        await self.answer(name, scope, receive, send)
        await self._rooms.door(name).wait()
        print_line("background", name)

    async def release(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Let what waits under this name go on."""
        self._rooms.door(name).set()
        await self.answer(name, scope, receive, send)

    async def linger(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, then ask what the server says after the end."""
        await self.stream(name, scope, receive, send)
        print_line("lingered", [name, (await receive())["type"]])

    async def hold(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the first word, then comments until the server says that the client left."""
        await _read(receive)
        await send(start(200, SSE_TYPE))
        await send(body(delta(content="a"), more=True))
        left = asyncio.ensure_future(receive())
        while not left.done():
            await send(body(b": still here\n\n", more=True))
            await asyncio.wait((left,), timeout=0.01)

    async def stuck(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the first word, then wait, without asking whether the client left."""
        await _read(receive)
        await send(start(200, SSE_TYPE))
        await send(body(delta(content="a"), more=True))
        await self._rooms.door(name).wait()

    async def long(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a stream of as many `LONG_PIECE`s as the name begins with."""
        await _read(receive)
        pieces = [LONG_PIECE] * int(name.split("-")[0])
        await self._send_stream(send, [*pieces, delta("stop"), usage_chunk(), DONE])

    async def reused(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a stream in one message that is changed and sent again."""
        await _read(receive)
        await send(start(200, SSE_TYPE))
        message: Message = {"type": "http.response.body", "body": b"", "more_body": True}
        for piece in short_stream():
            message["body"] = piece
            await send(message)
            message["body"] = b"data: {}\n\n"
        message.update(body=b"", more_body=False)
        await send(message)

    async def views(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a stream of memoryviews; headers are lists of lists."""
        await _read(receive)
        await send({**start(200), "headers": [list(SSE_TYPE)]})
        for piece in short_stream():
            await send({"type": "http.response.body", "body": memoryview(piece), "more_body": True})
        await send({"type": "http.response.body"})

    async def meeting(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer with as many words as asked, when all who were announced have had their first one."""
        asked = orjson.loads(await _read(receive))
        words = int(asked["words"])
        await send(start(200, SSE_TYPE))
        await send(body(delta(content="w"), more=True))
        await self._rooms.meet(name, int(asked["guests"]))
        for _ in range(words - 1):
            await send(body(delta(content="w"), more=True))
            await asyncio.sleep(0)
        await send(body(delta("stop") + usage_chunk(words + 1_000, words) + DONE))

    async def hinted(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Send an early hint before and trailers after a stream, where the server takes them."""
        await _read(receive)
        extensions = scope.get("extensions") or {}
        if "http.response.early_hint" in extensions:
            await send(EARLY_HINT)
        has_trailers = "http.response.trailers" in extensions
        await send({**start(200, SSE_TYPE), "trailers": has_trailers})
        for piece in short_stream():
            await send(body(piece, more=True))
        await send(body(b""))
        if has_trailers:
            await send({**TRAILERS, "more_trailers": False})

    async def file(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the server send this source file; send a short text where it cannot."""
        if "http.response.pathsend" in (scope.get("extensions") or {}):
            await send(start(200))
            await send({"type": "http.response.pathsend", "path": __file__})
        else:
            await send(start(200))
            await send(body(b"no file"))

    async def empty(self, name: str, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the status that the name begins with, and no body."""
        await send(start(int(name[:3])))
        await send(body(b""))

    async def _send_stream(self, send: Send, pieces: list[bytes]) -> None:
        await send(start(200, SSE_TYPE))
        for piece in pieces:
            await send(body(piece, more=True))
        await send(body(b""))
