"""A stream read in one segment or in many tells the same."""

import tracemalloc

import orjson
import pytest

from tests.support.answers import DONE, chat_request, delta, event, short_stream, usage_chunk
from tests.support.asgi import SSE_TYPE, MemorySink, Server, body, http_scope, replay, request, start, wrapped
from tests.support.clock import FakeClock
from tokenpulse.dialects.openai_chat import OpenAIChat
from tokenpulse.framing.long_event import MAX_EVENT_BYTES
from tokenpulse.reading.stream_facts import StreamFacts
from tokenpulse.reading.stream_reader import StreamReader


def read(segments: list[list[bytes]], choices: int = 1) -> StreamFacts:
    """Read segments; the n-th piece of all is sent at n seconds."""
    reader = StreamReader(OpenAIChat(), choices)
    sent = 0
    for place, pieces in enumerate(segments):
        times = [float(sent + index) for index in range(len(pieces))]
        sent += len(pieces)
        reader.read(pieces, times, is_end=place == len(segments) - 1)
    return reader.facts


def facts_of(facts: StreamFacts) -> dict[str, object]:
    return {name: getattr(facts, name) for name in StreamFacts.__slots__}


def test_every_cut_into_segments_tells_the_same() -> None:
    """Folding anywhere, even inside an event, changes no fact and no time."""
    pieces = [byte.to_bytes() for byte in b"".join(short_stream())]
    whole = facts_of(read([pieces]))

    assert whole["finishes"] == {0: "stop"}
    for cut in range(len(pieces) + 1):
        assert facts_of(read([pieces[:cut], pieces[cut:]])) == whole


def test_event_by_event_times() -> None:
    """First content at the second event, first visible at the third, last at the fourth."""
    for end in (b"\n\n", b"\r\n\r\n", b"\r\r"):
        facts = read([[piece.replace(b"\n\n", end) for piece in short_stream()]])

        assert (facts.first_content_at, facts.first_visible_at, facts.last_content_at) == (1.0, 2.0, 3.0)
        assert facts.is_terminated is True


def test_what_a_dropped_middle_held_is_kept() -> None:
    """Finish of one choice, usage and an error are found wherever they stand."""
    text = [delta(content="x")] * 20
    finish = delta("length", 1)
    segments = [[*text, finish, *text], [*text, usage_chunk(9, 8), *text], [*text, delta("stop", 0)]]
    facts = read(segments, choices=2)

    assert facts.finishes == {0: "stop", 1: "length"}
    assert facts.usage is not None
    assert (facts.usage.tokens_input, facts.usage.tokens_output) == (9, 8)
    assert facts.last_content_at == 40.0 + 1 + 40 + 1 + 20 - 1

    failed = read([[*text, b'data: {"error":{"message":"a","type":"first"}}\n\n', *text], [*text, DONE]])

    assert failed.error is not None
    assert failed.error.type == "first"


def test_cumulative_usage_last_wins() -> None:
    """Usage on every chunk is never added up."""
    counted = [
        event(
            {"choices": [{"delta": {"content": "x"}}], "usage": {"prompt_tokens": 3, "completion_tokens": n}}
        )
        for n in range(1, 9)
    ]
    for cut in range(9):
        facts = read([counted[:cut], counted[cut:]])

        assert facts.usage is not None
        assert facts.usage.tokens_output == 8


def test_usage_is_merged_field_by_field() -> None:
    """A later count that leaves a field out does not erase it."""
    facts = read([[
        event({"choices": [], "usage": {"prompt_tokens": 3, "prompt_cache_hit_tokens": 2}}),
        event({"choices": [], "usage": {"completion_tokens": 4}}),
    ]])  # fmt: skip

    assert facts.usage is not None
    assert facts.usage[:3] == (3, 4, 2)


@pytest.mark.parametrize("size", [1000, 10**7])
@pytest.mark.parametrize("end", [b"\n\n", b"\r\n\r\n"])
def test_long_event_is_told_by_its_ends(size: int, end: bytes) -> None:
    """An event of 256 KiB, whole or in parts: its usage is found at its end, what follows is read."""
    long = event({"id": "x" * (4 * MAX_EVENT_BYTES), "choices": [], "usage": {"prompt_tokens": 3}})
    raw = (b"".join([delta(role="assistant"), long, delta(content="a"), delta("stop")])).replace(b"\n\n", end)
    pieces = [raw[at : at + size] for at in range(0, len(raw), size)]
    facts = read([pieces[at : at + 100] for at in range(0, len(pieces), 100)])

    assert (facts.given_up, facts.has_malformed) == (0, False)
    assert facts.finishes == {0: "stop"}
    assert facts.usage is not None
    assert facts.usage.tokens_input == 3
    assert facts.first_content_at == facts.last_content_at == float(len(pieces) - 1)


def test_stream_that_ends_in_a_long_event() -> None:
    """A long event that the stream's end cuts off still tells its beginning."""
    reader = StreamReader(OpenAIChat(), 1)
    reader.read([b'data: {"model":"m-9","x":"' + b"y" * 2 * MAX_EVENT_BYTES], [1.0], is_end=False)
    reader.read([b"y"], [2.0], is_end=False)
    reader.read([], [], is_end=True)

    assert reader.facts.model == "m-9"


def test_malformed_event_is_noted_but_not_an_unfinished_one() -> None:
    """JSON that breaks off where the stream broke off is no malformed answer."""
    assert read([[b"data: {oops\n\n"]]).has_malformed is True
    assert read([[delta(content="x"), b'data: {"choi']]).has_malformed is False


def test_texts_that_look_like_keys_do_not_mislead() -> None:
    """The words usage, error, finish_reason inside a text are text."""
    words = 'the "usage" of "error": "finish_reason":"stop"'
    facts = read([[delta(content=words), delta(content='error: {"a":1}'), delta("stop"), DONE]])

    assert (facts.error, facts.usage, facts.finishes) == (None, None, {0: "stop"})


async def test_long_stream_stays_bounded() -> None:
    """20,000 chunks (5 MB) through the middleware: facts exact, memory below 2 MB."""
    chunk = delta(content="x" * 100, obfuscation="y" * 60)
    messages = (
        message
        for group in (
            [start(200, SSE_TYPE)],
            (body(bytes(bytearray(chunk)), more=True) for _ in range(20_000)),
            [body(delta("stop"), more=True), body(usage_chunk(5, 20_000), more=True), body(DONE)],
        )
        for message in group
    )
    clock = FakeClock()
    sink = MemorySink(clock, raise_internal_errors=True)

    class Forgetful(Server):
        async def send(self, message: object) -> None:
            clock.advance(1.0)

    server = Forgetful([request(chat_request())])
    tracemalloc.start()
    try:
        await wrapped(replay(messages), sink)(http_scope(), server.receive, server.send)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    observation = sink.observations[0]

    assert sink.errors == []
    assert peak < 2_000_000
    assert (observation.tokens_output, observation.outcome) == (20_000, "success")
    assert observation.ttft_seconds == 1.0
    assert observation.tpot_seconds == 19_999.0 / 19_999
    assert sink.exchanges[0].response_bytes == 20_000 * len(chunk) + len(delta("stop")) + len(
        usage_chunk(5, 20_000)
    ) + len(DONE)


def test_spaced_json_is_read_alike() -> None:
    """Servers that write JSON with blanks after colons tell the same."""
    spaced = [
        b"data: " + orjson.dumps(orjson.loads(piece[6:])).replace(b'":', b'": ') + b"\n\n"
        for piece in short_stream()[:-1]
    ]

    assert facts_of(read([[*spaced, DONE]])) == facts_of(read([short_stream()]))
