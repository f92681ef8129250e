"""Recorded exchanges, replayed through the middleware, give the facts their keeper noted."""

from typing import Any

import orjson
import pytest

from tests.recordings.cases import (
    body_of,
    compressed_body_of,
    load_cases,
    path_of,
    recordings_file,
    unread_paths,
)
from tests.recordings.pieces import pieces_of
from tests.support.asgi import MemorySink, Message, Server, body, http_scope, replay, request, start, wrapped
from tests.support.clock import FakeClock
from tests.support.observations import without_times
from tokenpulse_shared.records import Observation

CASES = list(load_cases())
STREAMS = [case for case in CASES if case["expect"]["framing"] not in ("json", "empty", "text")]
COMPRESSED = [case for case in CASES if compressed_body_of(case) is not None]
every_case = pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["id"]))
every_compressed = pytest.mark.parametrize("case", COMPRESSED, ids=lambda case: str(case["id"]))
every_stream = pytest.mark.parametrize("case", STREAMS, ids=lambda case: str(case["id"]))


def test_recordings_are_there() -> None:
    """Say it, if there is nothing to replay."""
    if not recordings_file().is_file():
        pytest.skip(f"no recordings at {recordings_file()} (set TOKENPULSE_RECORDINGS): nothing is replayed")

    assert len(CASES) > 0
    assert unread_paths(CASES) == set()


async def observe(
    case: dict[str, Any], pieces: list[bytes], *more_headers: tuple[bytes, bytes]
) -> tuple[Observation, Server, list[str]]:
    """Replay an answer in these pieces, 1 s apart, the first one at 1 s."""
    clock = FakeClock()
    sink = MemorySink(clock, raise_internal_errors=True)
    headers = [
        (name.lower().encode("latin-1"), value.encode("utf-8"))
        for name, value in case["response"]["headers"].items()
    ]
    messages = [start(case["response"]["status"], *headers, *more_headers)]
    messages += [body(piece, more=True) for piece in pieces] + [body(b"")]

    def tick(message: Message) -> None:
        if message.get("body"):
            clock.advance(1.0)

    asked = case["request"].get("body")
    server = Server([request(orjson.dumps(asked) if asked is not None else b"")])
    app = wrapped(replay(messages, before_each=tick), sink)
    await app(http_scope(path_of(case)), server.receive, server.send)
    assert sink.errors == []
    assert server.sent == messages
    (observation,) = sink.observations
    return observation, server, sink.faults


def cached_elsewhere(expect: dict[str, Any]) -> int | None:
    """Return what the keeper passed over: Mistral's `num_cached_tokens`, a gateway's `cache_read_input_tokens`."""
    usage = expect["usage_raw"] or {}
    found: int | None = usage.get("num_cached_tokens", usage.get("cache_read_input_tokens"))
    return expect["cached_tokens"] if found is None else found


def expected_outcome(case: dict[str, Any]) -> set[str]:
    status, expect = case["response"]["status"], case["expect"]
    if expect["block_reason"] and not expect["finish_reason"]:
        return {"caller_error"}
    by_status = {429: "rate_limit", 408: "timeout", 504: "timeout", 502: "network"}
    if status >= 400:
        return {by_status.get(status, "caller_error" if status < 500 else "provider_error")}
    if expect["error_code"] == "content_filter":
        return {"caller_error"}
    if expect["error_type"] or expect["error_message"] or expect["error_code"]:
        return {"provider_error", "rate_limit", "timeout"}
    is_stream = case in STREAMS or (expect["framing"] == "empty" and case["stream"])
    if is_stream and not expect["finish_reason"] and not expect["ends_with_done"]:
        return {"truncated"}
    return {"success"}


@every_case
async def test_facts_are_those_recorded(case: dict[str, Any]) -> None:
    """Tokens, finish reason, model, error type, outcome of every recorded answer."""
    observation, _, faults = await observe(case, [body_of(case)] if body_of(case) else [])
    expect, free = case["expect"], set(case["ambiguous"])
    facts = {
        "input_tokens_total": observation.tokens_input,
        "output_tokens_total": observation.tokens_output,
        "cached_tokens": observation.tokens_cached,
        "cache_creation_tokens": observation.tokens_cache_write,
        "reasoning_tokens": observation.tokens_reasoning,
        "finish_reason": observation.finish_reason,
        "model": observation.response_model,
        "error_type": observation.error_type,
    }

    expect = {**expect, "cached_tokens": expect["cached_tokens"] or cached_elsewhere(expect)}

    assert {key: value for key, value in facts.items() if key not in free} == {
        key: expect[key] or (None if isinstance(expect[key], str) else expect[key])
        for key in facts
        if key not in free
    }
    assert observation.outcome in expected_outcome(case)
    assert [fault for fault in faults if fault != "model_not_text"] == []


@every_stream
async def test_first_content_is_that_recorded(case: dict[str, Any]) -> None:
    """Events sent one by one: the time of the first content names the event that brought it."""
    pieces = pieces_of(body_of(case), case["expect"]["framing"])
    observation, _, _ = await observe(case, [piece for piece, _ in pieces])
    expect = case["expect"]
    if "first_content_event_index" in case["ambiguous"]:
        return
    least, most = expect["first_generated_event_index"], expect["first_content_event_index"]
    if observation.ttft_seconds is None:
        assert most is None
        return
    sent = [has_data for _, has_data in pieces[: int(observation.ttft_seconds)]]

    assert least is not None
    assert least <= sum(sent) - 1
    assert most is None or sum(sent) - 1 <= most


@every_stream
async def test_chunking_does_not_matter(case: dict[str, Any]) -> None:
    """As recorded, event by event, whole: the same observation but for times."""
    raw = body_of(case)
    whole, _, _ = await observe(case, [raw] if raw else [])
    ways = [[raw[at : at + 7] for at in range(0, len(raw), 7)]]
    if case["response"].get("chunk_lens"):
        cuts, at = [], 0
        for length in case["response"]["chunk_lens"]:
            cuts.append(raw[at : at + length])
            at += length
        ways.append([piece for piece in cuts if piece])
    if len(raw) < 4_000:
        ways.append([raw[at : at + 1] for at in range(len(raw))])
    for pieces in ways:
        cut, _, _ = await observe(case, pieces)
        assert without_times(cut) == without_times(whole)


@every_compressed
async def test_encoded_answers_tell_the_same(case: dict[str, Any]) -> None:
    """The bytes as they were on the wire, gzip for instance, in pieces of 512: the same facts."""
    wire, encoding = compressed_body_of(case), case["response"]["wire"]["compressed"].encode()
    assert wire is not None
    pieces = [wire[at : at + 512] for at in range(0, len(wire), 512)]
    plain, _, _ = await observe(case, [body_of(case)])
    encoded, _, _ = await observe(case, pieces, (b"content-encoding", encoding))

    assert without_times(encoded) == without_times(plain)
