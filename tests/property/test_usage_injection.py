"""With usage asked for on its behalf, a client gets the bytes it would have had, however they are cut."""

import asyncio
import json

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.answers import chat_request
from tests.support.asgi import MemorySink, Server, http_scope, request, wrapped
from tests.support.clock import FakeClock
from tests.support.usage_streams import FINISH, Item, Writing, serving, text_chunk, written
from tokenpulse.include_usage.include_usage import open_request, with_include_usage

TEXTS = st.one_of(
    st.text(max_size=12),
    st.sampled_from(['"usage":null', ',"usage":null', '{"usage":null,', '\\"usage\\": null', "\u2028\u0085"]),
)
NESTED = st.fixed_dictionaries({"usage": st.none(), "n": st.integers()})
ITEMS: st.SearchStrategy[Item] = st.one_of(
    TEXTS.map(text_chunk),
    st.builds(lambda text, nested: text_chunk(text, timings=nested), TEXTS, NESTED),
    st.just(FINISH),
    st.sampled_from(
        [b": ping\n\n", b":\n", b"\n", b"event: ping\ndata: {}\n\n", b"data: {oops\n\n", b"id: 7\n\n"]
    ),
)
WRITINGS = st.builds(
    Writing,
    separators=st.sampled_from([(",", ":"), (", ", ": "), (",", ": ")]),
    place=st.sampled_from([0, 1, 2, -1]),
    line_end=st.sampled_from([b"\n", b"\r\n", b"\r"]),
    data=st.sampled_from([b"data: ", b"data:", b"event: message\ndata: "]),
)
ENDS = st.sampled_from([b"data: [DONE]\n\n", b"data: [DONE]", b": bye\n", b""])


def in_lines(writing: Writing) -> Writing:
    """Return the writing with its own line end before the data field, too."""
    data = writing.data.replace(b"\n", writing.line_end)
    return Writing(writing.separators, writing.place, writing.line_end, data)


@settings(max_examples=300, deadline=None)
@given(
    items=st.lists(ITEMS, max_size=8),
    writing=WRITINGS.map(in_lines),
    end=ENDS,
    places=st.lists(st.integers(0, 3000), max_size=40),
)
def test_clients_bytes_are_those_without_usage(
    items: list[Item], writing: Writing, end: bytes, places: list[int]
) -> None:
    """Spacing, place of the member, line ends, cuts: no byte differs, and the usage is measured."""
    sink = MemorySink(FakeClock(), raise_internal_errors=True)
    server = Server([request(chat_request(stream=True))])
    app = wrapped(serving(items, writing, places, end), sink, inject_include_usage=True)
    asyncio.run(app(http_scope(), server.receive, server.send))
    (observation,) = sink.observations
    is_whole = FINISH in items or b"[DONE]" in end

    assert sink.errors == []
    assert server.body == written(items, writing, has_usage=False, end=end)
    assert (observation.tokens_input, observation.tokens_output) == (5, 4)
    assert observation.usage_source == ("reported" if is_whole else "partial")


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), TEXTS),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["stream_options", "usage", "a"]), inner, max_size=3),
    ),
    max_leaves=8,
)


@settings(max_examples=300, deadline=None)
@given(
    members=st.dictionaries(st.sampled_from(["messages", "stream_options", "n"]), JSON, max_size=3),
    writing=WRITINGS,
)
def test_a_rewritten_request_says_the_same_besides(members: dict[str, object], writing: Writing) -> None:
    """Whatever a request holds, only `include_usage` is added, by inserting bytes; else it is left alone."""
    body = json.dumps({**members, "stream": True}, separators=writing.separators).encode()
    parsed = open_request(body)
    if parsed is None:
        return
    written_body = with_include_usage(body, parsed)
    if written_body is None:
        return
    options = parsed.get("stream_options") or {}

    assert json.loads(written_body) == {**parsed, "stream_options": {**options, "include_usage": True}}
