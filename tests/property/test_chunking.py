"""Any chunking of any answer gives the same observation; any messages pass unchanged."""

import asyncio
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.answers import DONE, chat_answer, chat_request, delta, usage_chunk
from tests.support.asgi import (
    JSON_TYPE,
    SSE_TYPE,
    MemorySink,
    Message,
    Server,
    body,
    http_scope,
    replay,
    request,
    start,
    wrapped,
)
from tests.support.clock import FakeClock
from tests.support.observations import without_times
from tokenpulse_shared.records import Observation

EVENTS = st.sampled_from(
    [
        delta(role="assistant", content=""),
        delta(content='é\u2028"usage"'),
        delta(reasoning_content="hm"),
        delta(content="b", index=1),
        delta("stop"),
        delta("length", 1),
        usage_chunk(3, 5),
        usage_chunk(3, 9, cost=0.0001),
        b": comment\n\n",
        b'data: {"error":{"message":"m","type":"server_error"}}\n\n',
        b'error: {"code":500}\n\n',
        b"event: ping\ndata: {}\n\n",
        b"data: {oops\n\n",
        b"\n",
        DONE,
    ]
)


def observe(content_type: tuple[bytes, bytes], pieces: list[bytes], choices: int) -> Observation:
    sink = MemorySink(FakeClock(), raise_internal_errors=True)
    messages = [start(200, content_type), *(body(piece, more=True) for piece in pieces), body(b"")]
    server = Server([request(chat_request(n=choices))])
    asyncio.run(wrapped(replay(messages), sink)(http_scope(), server.receive, server.send))

    assert sink.errors == []
    return sink.observations[0]


def cut(raw: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(raw), *(place % (len(raw) + 1) for place in places)})
    return [raw[left:right] for left, right in pairwise(edges)]


@settings(max_examples=150, deadline=None)
@given(
    events=st.lists(EVENTS, max_size=12),
    line_end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    is_finished=st.booleans(),
    places=st.lists(st.integers(0, 3000), max_size=30),
    choices=st.integers(1, 2),
)
def test_any_chunking_of_a_stream_tells_the_same(
    events: list[bytes], line_end: bytes, is_finished: bool, places: list[int], choices: int
) -> None:
    """Cuts inside characters, lines, line ends and events change nothing but times."""
    raw = b"".join(events).replace(b"\n", line_end)
    raw = raw if is_finished else raw[:-9]
    whole = observe(SSE_TYPE, [raw] if raw else [], choices)

    assert without_times(observe(SSE_TYPE, cut(raw, places), choices)) == without_times(whole)


@settings(max_examples=50, deadline=None)
@given(places=st.lists(st.integers(0, 3000), max_size=30), padding=st.sampled_from([b"", b"\n \n", b"  "]))
def test_any_chunking_of_json_tells_the_same(places: list[int], padding: bytes) -> None:
    """White space around a JSON answer, and any cut of it, change nothing."""
    raw = padding + chat_answer() + padding
    observation = observe(JSON_TYPE, cut(raw, places), 1)

    assert without_times(observation) == without_times(observe(JSON_TYPE, [chat_answer()], 1))
    assert observation.tokens_output == 7


MESSAGES = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("http.response.start"), "status": st.integers(100, 599)},
        optional={
            "headers": st.lists(
                st.sampled_from([JSON_TYPE, SSE_TYPE, (b"content-encoding", b"br"), (b"x", b"")])
            ),
            "trailers": st.booleans(),
        },
    ),
    st.fixed_dictionaries(
        {"type": st.just("http.response.body")},
        optional={
            "body": st.one_of(st.binary(max_size=40), EVENTS, st.just(chat_answer())),
            "more_body": st.booleans(),
        },
    ),
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                ["http.response.trailers", "http.response.pathsend", "http.response.early_hint", "x"]
            )
        },
        optional={"more_trailers": st.booleans()},
    ),
)


async def _converse(app: Any, messages: list[Message], fails_at: int | None) -> tuple[list[Message], str]:
    server = Server([request(chat_request())])

    def fail(message: Message) -> None:
        if fails_at is not None and len(server.sent) == fails_at:
            raise OSError

    server.on_send = fail
    try:
        await app(http_scope(), server.receive, server.send)
    except (OSError, ValueError) as error:
        return server.sent, repr(error)
    return server.sent, ""


@settings(max_examples=200, deadline=None)
@given(
    messages=st.lists(MESSAGES, max_size=8),
    raised=st.sampled_from([None, ValueError("x")]),
    fails_at=st.one_of(st.none(), st.integers(1, 8)),
)
def test_any_messages_pass_unchanged(
    messages: list[Message], raised: Exception | None, fails_at: int | None
) -> None:
    """With and without the middleware: the same messages, order, exception; one record each."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await replay(messages)(scope, receive, send)
        if raised is not None:
            raise raised

    sink = MemorySink(FakeClock(), raise_internal_errors=True)
    bare = asyncio.run(_converse(app, messages, fails_at))
    with_us = asyncio.run(_converse(wrapped(app, sink), messages, fails_at))

    assert with_us == bare
    assert all(sent is message for sent, message in zip(with_us[0], bare[0], strict=True))
    assert sink.errors == []
    assert (len(sink.observations), len(sink.exchanges)) == (1, 1)
    assert sink.in_progress == set()
