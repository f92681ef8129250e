"""Tests of records as bytes."""

import orjson
import pytest

from tokenpulse.batches.numbered_batch import Batch, Group
from tokenpulse.sink import HttpExchange
from tokenpulse.spill.spill_records import (
    Header,
    decode_acknowledged,
    decode_batched,
    decode_exchange,
    decode_header,
    decode_moved,
    decode_observation,
    encode_acknowledged,
    encode_batched,
    encode_exchange,
    encode_header,
    encode_moved,
    encode_observation,
)
from tokenpulse_shared.records import InterTokenLatency, Observation

_FULL = Observation(
    "p", "m", "gw", "chat", "openai_chat", True, 200, "provider_error", "overloaded", "too many\nré \u2028", "stop",
    1_700_000_000.123456, 0.1 + 0.2, 0.01, 1e-9, 2.5, 0.125, 0.0, 2**53 - 1, 0, 5, 7, "partial", 2**62, "m-1",
    "/v1/chat/completions", "trial", True, True, 9, InterTokenLatency(0.25, 4, ((-3, 1), (8, 3))),
)  # fmt: skip
_NAMES = list(Observation._fields)


@pytest.mark.parametrize("observation", [_FULL, Observation("p", "m")])
def test_observations_come_back_exactly(observation: Observation) -> None:
    """Every field survives, floats to the last bit, None as None."""
    assert decode_observation(encode_observation(observation, 1.1), _NAMES) == (observation, 1.1)
    assert len(_FULL) == len(_NAMES)


def test_exchanges_come_back_exactly() -> None:
    """Known and unknown sizes, with an exception or without."""
    for exchange in (
        HttpExchange("GET", "/a", 200, 0.1, 5, None, None),
        HttpExchange("POST", "/{b}", None, 0.3, 0, 6, "ValueError"),
    ):
        assert decode_exchange(encode_exchange(exchange), list(HttpExchange._fields)) == exchange


def test_fields_go_by_name() -> None:
    """A version with other fields, in another order, is read: what is not known is left out."""
    payload = b"o" + orjson.dumps([5.0, "later", "m", "p", 3])
    exchange = b"x" + orjson.dumps([1, 2, "GET", "/a", None, 0.5, 4, None])
    names = ["mood", "room", "method", "route", "status_code", "duration_seconds", "request_bytes"]

    assert decode_observation(payload, ["era", "model", "provider", "tokens_input"]) == (
        Observation("p", "m", tokens_input=3),
        5.0,
    )
    assert decode_exchange(exchange, [*names, "response_bytes"]) == HttpExchange(
        "GET", "/a", None, 0.5, 4, None, None
    )


def test_what_json_cannot_say_is_refused() -> None:
    """A lone surrogate or a number past 64 bits raises here, where it can still be counted."""
    with pytest.raises(TypeError):
        encode_observation(Observation("p", "\ud800"), 1.0)
    with pytest.raises(TypeError):
        encode_exchange(HttpExchange("GET", "/", 200, 0.1, 2**70, None, None))


def test_notes_come_back() -> None:
    """Names may hold anything."""
    group = Group("gateway", 'a:"b"\n{c}')
    batch = Batch(group, "key", 6, 7, b"payload", 3, 99)

    assert decode_moved(encode_moved("p:1", 12)) == ("p:1", 12)
    assert decode_batched(encode_batched(batch, 5.5)) == (group, 6, 7, 99, 5.5)
    assert decode_acknowledged(encode_acknowledged(group)) == group


def test_header_names_the_fields() -> None:
    """A file says by itself how it is to be read; one of another format says only that."""
    payload = encode_header(3, 7, 100, "w", "app", None)
    header = decode_header(payload)

    assert header == Header(1, 3, 7, 100, "w", "app", None, _NAMES, list(HttpExchange._fields))
    assert decode_header(b"h" + orjson.dumps([2, {"anything": "else"}])) is None
