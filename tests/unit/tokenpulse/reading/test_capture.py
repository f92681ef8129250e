"""Bodies of any size: kept within bounds, read where it can be."""

import tracemalloc
from typing import Any

import orjson
import pytest

from tests.support.answers import chat_answer, chat_request
from tests.support.asgi import (
    JSON_TYPE,
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
from tokenpulse.framing.json_scan import scalars_at_start, value_at_end
from tokenpulse_shared.records import Observation

BIG = 'x\\"{[' * 200_000
ANSWER = [start(200, JSON_TYPE), body(chat_answer())]


async def observe(incoming: list[Message], messages: list[Message]) -> tuple[Observation, list[str], int]:
    sink = MemorySink(FakeClock(), raise_internal_errors=True)
    server = Server(incoming)
    tracemalloc.start()
    try:
        await wrapped(replay(messages), sink)(http_scope(), server.receive, server.send)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert sink.errors == []
    return sink.observations[0], sink.faults, peak


def request_pieces(raw: bytes, size: int) -> list[Message]:
    return [
        {"type": "http.request", "body": raw[at : at + size], "more_body": at + size < len(raw)}
        for at in range(0, len(raw), size)
    ]


@pytest.mark.parametrize("size", [1000, 65_536, 10**8])
@pytest.mark.parametrize(
    "raw",
    [
        orjson.dumps({"model": "a/b", "n": 2, "messages": [{"model": "no", "content": BIG}]}),
        orjson.dumps({"messages": [{"model": "no", "content": BIG}], "n": 2, "model": "a/b"}),
        orjson.dumps({"model": "a/b", "n": 2, "messages": [BIG], "options": {"model": "no"}}),
    ],
)
async def test_model_of_a_big_request(raw: bytes, size: int) -> None:
    """The model is found at either end of a 1 MB request, nested namesakes are not taken for it."""
    incoming = request_pieces(raw, size)
    observation, faults, peak = await observe(incoming, ANSWER)

    assert (observation.model, observation.provider, faults) == ("a/b", "a", [])
    assert peak < 1_500_000


async def test_model_in_the_dropped_middle_is_unknown() -> None:
    """A model that stands in the middle of a huge request is not found, and that is counted."""
    raw = orjson.dumps({"messages": [BIG], "model": "a/b", "more": [BIG]})
    observation, faults, _ = await observe(request_pieces(raw, 50_000), [start(200, JSON_TYPE), body(b"{}")])

    assert (observation.model, faults) == ("unknown", ["request_body_too_large"])


@pytest.mark.parametrize(
    ("raw", "model", "faults"),
    [
        (b"", "unknown", []),
        (b"{", "unknown", ["request_body_malformed"]),
        (b"[1]", "unknown", ["request_body_malformed"]),
        (b"[" * 100_000, "unknown", ["request_body_malformed"]),
        (b'{"model":"a","x":NaN}', "unknown", ["request_body_malformed"]),
        (b'{"model":"a","x":1e400}', "unknown", ["request_body_malformed"]),
        (b'{"model":"a","x":' + b"9" * 5000 + b"}", None, None),
        (b'{"model":"\\ud800"}', None, None),
        (b'{"model":["a"]}', "unknown", ["model_not_text"]),
        (b'{"model":"a","model":"b"}', "b", []),
        (orjson.dumps({"model": "a\n\u202eb\x00"}), "a\ufffd\ufffdb\ufffd", []),
        (orjson.dumps({"model": "m" * 1_000}), "m" * 183 + "~edeacdb389c76ba6", []),
    ],
)
async def test_odd_requests(raw: bytes, model: str | None, faults: list[str] | None) -> None:
    """No body breaks anything; a name is made fit to keep; of a key given twice the last wins."""
    observation, counted, _ = await observe([request(raw)], [start(200, JSON_TYPE), body(b"{}")])

    assert model is None or observation.model == model
    assert faults is None or counted == faults
    observation.model.encode()


@pytest.mark.parametrize("size", [1, 3_000, 10**8])
async def test_usage_of_a_big_answer(size: int) -> None:
    """Usage at the end and model at the start of a big JSON answer are found, within a bound."""
    length = 20_000 if size == 1 else 400_000
    raw = orjson.dumps(
        {
            "model": "e-1",
            "data": [{"usage": {"prompt_tokens": 1}, "x": "y" * length}],
            "usage": {"prompt_tokens": 77},
        }
    )
    pieces = (body(raw[at : at + size], more=True) for at in range(0, len(raw), size))
    observation, faults, peak = await observe(
        [request(chat_request())], [start(200, JSON_TYPE), *pieces, body(b"")]
    )

    assert (observation.tokens_input, observation.response_model, faults) == (77, "e-1", [])
    assert size != 3_000 or peak < 1_500_000


async def test_malformed_answer_is_counted() -> None:
    """A 200 whose JSON does not parse is no success: it broke off, or something else answered."""
    observation, faults, _ = await observe([request(chat_request())], [start(200, JSON_TYPE), body(b'{"a":')])

    assert (observation.outcome, observation.usage_source) == ("truncated", "unknown")
    assert faults == ["response_malformed"]


async def test_rejected_usage_is_counted() -> None:
    """A negative count is left out, the other one kept."""
    answer = chat_answer(usage={"prompt_tokens": -5, "completion_tokens": 7})
    observation, faults, _ = await observe([request(chat_request())], [start(200, JSON_TYPE), body(answer)])

    assert (observation.tokens_input, observation.tokens_output) == (None, 7)
    assert (observation.usage_source, faults) == ("reported", ["usage_rejected"])


@pytest.mark.parametrize(
    ("prefix", "found"),
    [
        (b'{"model":"a","n":2,"stream":true}', {"model": "a", "n": 2, "stream": True}),
        (b'{ "x" : {"model":"no"} , "model" : "a\\"b" , "y": "unended', {"model": 'a"b'}),
        (b'{"x":["model","b"],"model":null', {"model": None}),
        (b'{"model":"a","model":"b"}', {"model": "b"}),
        (b'{"model":{"a":1}}', {}),
        (b'{"n":12', {}),
        (b'{"model":"\\ud800"}', {}),
        (b'["model","a"]', {}),
        (b"", {}),
    ],
)
def test_scalars_at_start(prefix: bytes, found: dict[str, Any]) -> None:
    """Only keys of the outermost object, only whole values."""
    assert scalars_at_start(prefix, ("model", "n", "stream")) == found


@pytest.mark.parametrize(
    ("tail", "value"),
    [
        (b'"b"],"usage":{"prompt_tokens":3}}', {"prompt_tokens": 3}),
        (b'x","usage":{"a":1},"other":{"usage":2}}\n\n', {"a": 1}),
        (b'x":{"usage":{"a":1}}}', None),
        (b'"text \\"usage\\":1"}', None),
        (b"nothing", None),
        (b'"usage":{"a":1}}' + b' {"usage":' * 20, None),
    ],
)
def test_value_at_end(tail: bytes, value: object) -> None:
    """Only a key of the outermost object completes to valid JSON."""
    assert value_at_end(tail, "usage") == value
