"""Tests that numbers which can be none never spoil a batch: in every dialect's usage, in annotations, in records."""

import math
from base64 import b64decode, b64encode
from collections.abc import Callable
from decimal import Decimal
from types import SimpleNamespace
from typing import Any, Final

import orjson
import pytest
import redis

from tests.support.answers import DONE, chat_request, delta, usage_chunk
from tests.support.asgi import SSE_TYPE, Server, body, http_scope, request, start
from tests.support.talk import FRAMINGS, Talk, framed
from tests.support.talks import TALKS
from tests.support.written import KEYS, series_totals
from tokenpulse import TokenPulseMiddleware, annotate
from tokenpulse.recorder import Recorder

MakeRecorder = Callable[..., Recorder]

HOSTILE: Final = (
    b"-1", b"-9223372036854775809", b"9007199254740991", b"9007199254740992", b"9223372036854775807",
    b"18446744073709551616", b"1" + b"0" * 400, b"1e400", b"-1e400", b"1.5", b"0.1", b"1e18", b"-0.0",
    b"true", b"false", b'"7"', b'""', b"null", b"[7]", b"{}",
)  # fmt: skip


def _with_numbers(value: Any, number: bytes) -> Any:
    """Return a JSON value with every number in it replaced; those inside base64 of Bedrock's events too."""
    if isinstance(value, dict):
        if value.keys() == {"bytes"}:
            try:
                inner = orjson.loads(b64decode(value["bytes"]))
            except ValueError:  # one of the broken ones
                return value
            return {"bytes": b64encode(orjson.dumps(_with_numbers(inner, number))).decode()}
        return {key: _with_numbers(held, number) for key, held in value.items()}
    if isinstance(value, list):
        return [_with_numbers(held, number) for held in value]
    return (
        orjson.Fragment(number) if isinstance(value, int | float) and not isinstance(value, bool) else value
    )


def _answer(talk: Talk, number: bytes) -> tuple[bytes, bytes]:
    """Return the content type and body of an answer full of this number, a stream where the dialect has any."""
    if talk.framing is None:
        return b"application/json", orjson.dumps(_with_numbers(talk.answer, number))
    events = [(name, _with_numbers(held, number)) for name, held in (*talk.events, *talk.endings)]
    return FRAMINGS[talk.framing][0], framed(talk.framing, events)


async def _serve(recorder: Recorder, talk: Talk, number: bytes) -> None:
    content_type, answer = _answer(talk, number)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(start(200, (b"content-type", content_type)))
        await send(body(answer, more=True))
        await send(body(b""))

    server = Server([request(orjson.dumps(talk.asked))])
    await TokenPulseMiddleware(app, recorder=recorder)(http_scope(talk.path), server.receive, server.send)

    assert server.body == answer


def _all_totals(client: redis.Redis) -> dict[str, int]:
    """Return the totals of all providers together."""
    sums: dict[str, int] = {}
    for provider in client.zrange(KEYS.providers(), 0, -1):
        for name, count in series_totals(client, provider.decode()).items():
            assert 0 <= count < 2**63
            sums[name] = sums.get(name, 0) + count
    return sums


@pytest.mark.parametrize("talk", TALKS, ids=lambda talk: f"{talk.path}-{talk.framing}")
async def test_a_usage_of_nonsense_spoils_no_batch(
    make_recorder: MakeRecorder, redis_client: redis.Redis, talk: Talk
) -> None:
    """Every number of an answer replaced by what is none: each request counts, every batch arrives whole."""
    recorder = make_recorder(raise_internal_errors=True)
    for number in HOSTILE:
        await _serve(recorder, talk, number)
        assert recorder.flush()

    sums = _all_totals(redis_client)
    counts = recorder.stats()["counts"]
    assert sums["total_requests"] == len(HOSTILE)
    assert "rejected_increments" not in counts
    assert [name for name in counts if name.startswith("error:")] == []


async def test_sums_past_what_a_batch_can_carry_spoil_no_batch(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """The largest usage that is believed, so often in one flush that the sum is past 64 bits: the rest is exact."""
    recorder = make_recorder(raise_internal_errors=True)
    usage = usage_chunk(2**53 - 1, 2**53 - 1)
    pieces = [delta(content="a"), delta(content="b"), delta("stop"), usage, DONE]

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(start(200, SSE_TYPE))
        for piece in pieces:
            await send(body(piece, more=True))
        await send(body(b""))

    for _ in range(2_100):
        server = Server([request(chat_request("openai/m", stream=True))])
        await TokenPulseMiddleware(app, recorder=recorder)(http_scope(), server.receive, server.send)
    assert recorder.flush()

    totals = series_totals(redis_client, "openai")
    assert (totals["total_requests"], totals["ttft_count"]) == (2_100, 2_100)
    assert (totals["tokens_output"], totals["itl_count"]) == (2**53 - 1, 2**53 - 1)
    assert "rejected_increments" not in recorder.stats()["counts"]


BAD_COSTS: Final = (
    math.nan, math.inf, -math.inf, -1, -0.5, 10**400, -(10**400), 2**63, 1e300, True, "1", b"1", [], {}, SimpleNamespace(), 1j,
    Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-1"), Decimal("1e400"),
)  # fmt: skip


@pytest.mark.parametrize("cost", BAD_COSTS, ids=repr)
async def test_a_bad_annotation_is_counted_and_breaks_nothing(
    make_recorder: MakeRecorder, redis_client: redis.Redis, cost: Any
) -> None:
    """The app's request is answered; its cost stays unknown."""
    recorder = make_recorder(raise_internal_errors=True)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        annotate(scope, provider="p", model="m", cost_usd=cost)
        await send(start(200, (b"content-type", b"application/json")))
        await send(body(b"{}"))

    server = Server([request(b"{}")])
    await TokenPulseMiddleware(app, recorder=recorder)(http_scope(), server.receive, server.send)
    assert recorder.flush()

    totals = series_totals(redis_client, "p")
    assert (totals["total_requests"], totals["unpriced_requests"]) == (1, 1)
    assert recorder.stats()["counts"]["fault:annotation_rejected"] == 1
