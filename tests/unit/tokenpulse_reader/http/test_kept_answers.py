"""Tests of answering from bytes kept since the same snapshot was asked for before."""

from typing import Any

import pytest

from tests.support.asgi import Message, Server, body, http_scope, start
from tokenpulse_reader.http.kept_answers import MAX_VARIANTS, AnswerCounts, KeptAnswers

LENGTH = (b"content-length", b"1")


class Upstream:
    """Count what gets through; answer with the number of the request, or with what it was told."""

    def __init__(self) -> None:
        self.asked = 0
        self.state: object = 1
        self.messages: list[Message] | None = None
        self.counts = AnswerCounts()
        self.app = KeptAnswers(
            self._answer, {"/hot": False, "/varied": True}, lambda: self.state, self.counts
        )

    async def _answer(self, _: Any, __: Any, send: Any) -> None:
        self.asked += 1
        for message in self.messages or [start(200, LENGTH), body(b"%d" % self.asked)]:
            await send(message)

    async def get(self, path: str, *headers: tuple[bytes, bytes], method: str = "GET", **extra: Any) -> bytes:
        """Return an answer's body."""
        server = Server()
        scope = http_scope(path, method, headers=list(headers), **extra)
        await self.app(scope, server.receive, server.send)
        return server.body


async def test_one_state_is_one_answer() -> None:
    """The first answer is made, the others are it; a new state is answered anew."""
    upstream = Upstream()
    same = [await upstream.get("/hot") for _ in range(3)]
    upstream.state = 2
    newer = [await upstream.get("/hot") for _ in range(2)]

    assert (same, newer, upstream.asked) == ([b"1"] * 3, [b"2"] * 2, 2)


async def test_the_messages_are_those_of_the_first() -> None:
    """Head and body are the very objects that the app sent: nothing is copied."""
    upstream = Upstream()
    upstream.messages = [start(200, LENGTH, (b"a", b"b")), body(b"x" * 100_000, more=True), body(b"y")]
    server = Server()
    for _ in range(2):
        await upstream.app(http_scope("/hot", "GET"), server.receive, server.send)

    assert [id(message) for message in server.sent] == [id(message) for message in upstream.messages] * 2


async def test_without_a_state_nothing_is_kept() -> None:
    """A stale answer tells its age, so each is made anew; nor is an older one given."""
    upstream = Upstream()
    await upstream.get("/hot")
    upstream.state = None

    assert [await upstream.get("/hot"), await upstream.get("/hot")] == [b"2", b"3"]


@pytest.mark.parametrize(
    ("path", "extra"),
    [
        ("/hot", {"query_string": b"hours=2"}),
        ("/hot", {"method": "HEAD"}),
        ("/hot", {"method": "POST"}),
        ("/hot/", {}),
        ("/cold", {}),
        ("/hot", {"type": "websocket"}),
    ],
)
async def test_other_requests_pass(path: str, extra: dict[str, Any]) -> None:
    """Only GET of a hot path without a query is kept."""
    upstream = Upstream()
    await upstream.get("/hot")

    assert [await upstream.get(path, **extra), await upstream.get(path, **extra)] == [b"2", b"3"]


async def test_a_mounted_path_is_hot_too() -> None:
    """What counts is the path as routing sees it."""
    upstream = Upstream()
    await upstream.get("/hot")

    assert await upstream.get("/under/hot", root_path="/under") == b"1"
    assert await upstream.get("/under/hot") == b"2"


async def test_variants_by_accept() -> None:
    """A varied path keeps one answer for each Accept with Accept-Encoding; other headers do not matter."""
    upstream = Upstream()
    plain, packed = (b"accept", b"text/plain"), (b"Accept-Encoding", b"gzip")
    asked = [(plain,), (plain, packed), (packed,), (plain, (b"user-agent", b"x")), (plain, packed)]
    answers = [await upstream.get("/varied", *headers) for headers in asked]

    assert answers == [b"1", b"2", b"3", b"1", b"2"]
    assert await upstream.get("/hot", plain) == await upstream.get("/hot", packed) == b"4"


async def test_variants_are_bounded() -> None:
    """Past the bound answers are made each time."""
    upstream = Upstream()
    for at in range(MAX_VARIANTS + 5):
        await upstream.get("/varied", (b"accept", b"%d" % at))
    before = upstream.asked
    await upstream.get("/varied", (b"accept", b"0"))
    kept = upstream.asked - before
    await upstream.get("/varied", (b"accept", b"%d" % MAX_VARIANTS))

    assert (kept, upstream.asked - before) == (0, 1)


@pytest.mark.parametrize(
    "messages",
    [
        [start(404, LENGTH), body(b"no")],
        [start(503, LENGTH), body(b"no")],
        [start(), body(b"a", more=True), body(b"b")],
        [start(200, LENGTH), body(b"a", more=True)],
    ],
)
async def test_only_a_whole_200_with_a_length_is_kept(messages: list[Message]) -> None:
    """Refusals and streams are passed on as they come."""
    upstream = Upstream()
    upstream.messages = messages
    server = Server()
    await upstream.app(http_scope("/hot", "GET"), server.receive, server.send)
    await upstream.get("/hot")

    assert server.sent == messages
    assert upstream.asked == 2


async def test_answers_of_the_hot_paths_are_counted() -> None:
    """Sent again, or made anew, also while none may be kept; other paths are not counted."""
    upstream = Upstream()
    for path in ("/hot", "/hot", "/hot", "/cold"):
        await upstream.get(path)
    upstream.state = None
    await upstream.get("/hot")

    assert (upstream.counts.hits, upstream.counts.misses) == (2, 2)
