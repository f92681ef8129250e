"""Play a server that tells usage in a stream only when asked: the same content, written both ways."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Final

import orjson

from tests.support.asgi import SSE_TYPE, App, body, start

USAGE: Final = {"prompt_tokens": 5, "completion_tokens": 4, "total_tokens": 9}


@dataclass(frozen=True, slots=True)
class Writing:
    """Say how a server writes JSON, where in it the usage stands (0: first, -1: last), how lines end."""

    separators: tuple[str, str] = (",", ":")
    place: int = -1
    line_end: bytes = b"\n"
    data: bytes = b"data: "

    def event(self, chunk: object) -> bytes:
        """Return one event."""
        text = json.dumps(chunk, separators=self.separators).encode()
        return self.data + text + self.line_end * 2

    def with_member(self, chunk: dict[str, Any], usage: object) -> dict[str, Any]:
        """Return a chunk with a usage at its place."""
        members = list(chunk.items())
        index = len(members) if self.place == -1 else min(self.place, len(members))
        return dict([*members[:index], ("usage", usage), *members[index:]])


Item = dict[str, Any] | bytes
"""A chunk without usage, or bytes of a server's own, with LF line ends."""


def text_chunk(text: str, **extra: Any) -> dict[str, Any]:
    """Return a chunk that brings text."""
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": None}
    return {"id": "c-7", "object": "chat.completion.chunk", "choices": [choice], **extra}


FINISH: Final = {"id": "c-7", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]}
DONE: Final = b"data: [DONE]\n\n"
STORY: Final[tuple[Item, ...]] = (
    text_chunk(""),
    b": keep-alive\n\n",
    text_chunk("é", system_fingerprint=None),
    text_chunk(' said "usage":null, she did'),
    text_chunk(',"usage":null', timings={"usage": None, "n": 1}),
    FINISH,
)


def written(items: Sequence[Item], writing: Writing, *, has_usage: bool, end: bytes = DONE) -> bytes:
    """Return a stream of these items as it is with usage asked for, or without; the extra chunk comes last."""
    pieces: list[bytes] = []
    for item in items:
        if isinstance(item, bytes):
            pieces.append(item.replace(b"\n", writing.line_end))
        else:
            pieces.append(writing.event(writing.with_member(item, None) if has_usage else item))
    if has_usage:
        extra = writing.with_member({"id": "c-7", "choices": []}, USAGE)
        pieces.append(writing.event(extra))
    return b"".join((*pieces, end.replace(b"\n", writing.line_end)))


async def read_body(receive: Any) -> bytes:
    """Return a request's whole body."""
    content = b""
    while True:
        message = await receive()
        content += message.get("body", b"")
        if not message.get("more_body"):
            return content


def serving(
    items: Sequence[Item] = STORY,
    writing: Writing | None = None,
    places: Sequence[int] = (),
    end: bytes = DONE,
) -> App:
    """Return an app that sends the items as it is asked to, cut at these places; it refuses a wrong length."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        content = await read_body(receive)
        told = dict(scope["headers"]).get(b"content-length")
        assert told is None or int(told) == len(content)
        options = orjson.loads(content).get("stream_options") or {}
        raw = written(items, writing or Writing(), has_usage=options.get("include_usage") is True, end=end)
        edges = sorted({0, len(raw), *(place % (len(raw) + 1) for place in places)})
        await send(start(200, SSE_TYPE))
        for left, right in pairwise(edges):
            await send(body(raw[left:right], more=True))
        await send(body(b""))

    return app
