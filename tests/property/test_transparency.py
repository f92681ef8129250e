"""Whatever app and server do, they do the same to each other with the middleware between them."""

import asyncio
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.answers import chat_answer, chat_request, short_stream
from tests.support.asgi import CHAT, JSON_TYPE, SSE_TYPE, MemorySink, http_scope, wrapped
from tests.support.clock import FakeClock
from tests.support.scripted import Conversation, Script, Step, iterated

TEXTS = st.one_of(
    st.just(b""), st.binary(max_size=20), st.sampled_from([*short_stream(), chat_answer(), chat_request()])
)
BODIES = st.one_of(
    TEXTS, TEXTS.map(bytearray), TEXTS.map(memoryview), st.sampled_from([None, "a text", 7, object()])
)
PAIRS = st.lists(
    st.sampled_from(
        [
            JSON_TYPE,
            SSE_TYPE,
            list(SSE_TYPE),
            (b"content-encoding", b"gzip"),
            (b"retry-after", b"7"),
            ("text", "x"),
            (b"one",),
            None,
        ]
    ),
    max_size=3,
)
HEADERS = st.one_of(PAIRS, PAIRS.map(tuple), PAIRS.map(lambda pairs: iterated(*pairs)), st.none())
FLAGS = st.sampled_from([True, False, None, 1, ""])
STARTS = st.fixed_dictionaries(
    {"type": st.just("http.response.start")},
    optional={
        "status": st.sampled_from([200, 200, 204, 304, 404, 429, 500, 503, None]),
        "headers": HEADERS,
        "trailers": FLAGS,
    },
)
PIECES = st.fixed_dictionaries(
    {"type": st.just("http.response.body")}, optional={"body": BODIES, "more_body": FLAGS}
)
OTHERS = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            [
                "http.response.trailers",
                "http.response.pathsend",
                "http.response.zerocopysend",
                "http.response.early_hint",
                "http.response.push",
                "http.response.debug",
                "websocket.accept",
                "websocket.send",
                "lifespan.startup.complete",
                "lifespan.shutdown.complete",
                "lifespan.shutdown.failed",
                "",
                None,
            ]
        ),
        "headers": HEADERS,
        "more_trailers": FLAGS,
        "more_body": FLAGS,
    },
)
INCOMING = st.fixed_dictionaries(
    {},
    optional={
        "type": st.sampled_from(
            ["http.request", "http.request", "http.request", "http.disconnect", "lifespan.shutdown", None]
        ),
        "body": BODIES,
        "more_body": FLAGS,
    },
)
CATCHES = st.booleans()
STEPS = st.one_of(
    st.tuples(st.integers(1, 3), CATCHES).map(lambda drawn: Step("receive", drawn[0], catches=drawn[1])),
    st.tuples(
        st.one_of(STARTS, PIECES, PIECES, OTHERS), st.sampled_from(["keep", "clear", "change"]), CATCHES
    ).map(lambda drawn: Step("send", 1, *drawn)),
    st.sampled_from([Step("pause"), Step("touch")]),
)
USUAL = [Step("receive"), Step("send", message={"type": "http.response.start", "status": 200})]
SCRIPTS = st.builds(
    Script,
    steps=st.tuples(st.sampled_from([[], USUAL]), st.lists(STEPS, max_size=8)).map(
        lambda two: two[0] + two[1]
    ),
    incoming=st.lists(INCOMING, max_size=4),
    turns=st.integers(0, 2),
    send_fails_at=st.one_of(st.none(), st.integers(1, 6)),
    receive_fails_at=st.one_of(st.none(), st.none(), st.integers(1, 4)),
    app_raises=st.sampled_from(
        [None, None, ValueError, KeyboardInterrupt, SystemExit, asyncio.CancelledError]
    ),
    cancelled_at=st.one_of(st.none(), st.integers(1, 12)),
)
PATHS = [
    CHAT,
    "/openai/v1/responses",
    "/v1/embeddings",
    "/v1/messages",
    "/v1beta/models/m:streamGenerateContent",
    "/api/chat",
    "/plain",
]


def played(script: Script, scope: dict[str, Any], sink: MemorySink | None = None) -> Conversation:
    """Return a conversation that was played, wrapped if there is a sink."""
    conversation = Conversation(script)
    asyncio.run(conversation.play(lambda app: app if sink is None else wrapped(app, sink), scope))
    return conversation


@settings(max_examples=300, deadline=None)
@given(script=SCRIPTS, path=st.sampled_from(PATHS), method=st.sampled_from(["POST", "POST", "GET", "HEAD"]))
def test_http_is_the_same(script: Script, path: str, method: str) -> None:
    """The same messages, as the same objects, in the same order and turns; the same exception; one record."""
    sink = MemorySink(FakeClock())
    with_us, without = (
        played(script, http_scope(path, method), sink),
        played(script, http_scope(path, method)),
    )

    assert with_us.told() == without.told()
    assert type(with_us.raised) is type(without.raised)
    if with_us.planned and with_us.raised is not None and without.raised is without.planned[-1]:
        assert with_us.raised is with_us.planned[-1]
    assert len(sink.exchanges) == 1
    assert len(sink.observations) == (method == "POST" and path != "/plain"), sink.errors
    assert sink.in_progress == set()


@settings(max_examples=100, deadline=None)
@given(script=SCRIPTS, kind=st.sampled_from(["lifespan", "websocket", "webtransport"]))
def test_other_scopes_are_the_same(script: Script, kind: str) -> None:
    """So it is for what is no HTTP; nothing is recorded."""
    sink = MemorySink(FakeClock())
    with_us, without = played(script, {"type": kind}, sink), played(script, {"type": kind})

    assert with_us.told() == without.told()
    assert type(with_us.raised) is type(without.raised)
    assert (sink.exchanges, sink.observations) == ([], [])
