"""Streams that are no server-sent events, read in their order."""

from itertools import combinations

import orjson
import pytest

from tests.support.asgi import JSON_TYPE
from tests.support.exchange import Exchange
from tests.support.observations import without_times
from tokenpulse_shared.records import InterTokenLatency
from tokenpulse_shared.sketch import bucket_index

NDJSON = (b"content-type", b"application/x-ndjson")


def line(text: str, **more: object) -> bytes:
    """Return one line of Ollama's chat."""
    message = {"role": "assistant", "content": text}
    return orjson.dumps({"model": "llama3.2", "message": message, "done": False, **more}) + b"\n"


LINES = [
    line(""),
    line("Two"),
    line(" words"),
    line("", done=True, done_reason="stop", prompt_eval_count=9, eval_count=2),
]
ASKED = orjson.dumps({"model": "llama3.2", "messages": []})


async def test_lines_tell_when_and_what() -> None:
    """First content with the second line; tokens, finish and the gap between two contents."""
    observation = await Exchange(ASKED).stream(LINES, NDJSON, path="/api/chat")

    assert (observation.outcome, observation.streaming, observation.dialect) == (
        "success",
        True,
        "ollama-chat",
    )
    assert (observation.provider, observation.model) == ("ollama", "llama3.2")
    assert (observation.ttft_seconds, observation.first_visible_seconds) == (2.0, 2.0)
    assert (observation.tokens_input, observation.tokens_output) == (9, 2)
    assert observation.finish_reason == "stop"
    assert observation.itl == InterTokenLatency(1.0, 1, ((bucket_index(1.0), 1),))


async def test_any_cut_tells_the_same() -> None:
    """Cut at every pair of places: the same facts; without a content type too."""
    raw = b"".join(LINES)
    whole = without_times(await Exchange(ASKED).stream([raw], NDJSON, path="/api/chat"))
    places = range(0, len(raw), 17)
    for first, second in combinations(places, 2):
        pieces = [piece for piece in (raw[:first], raw[first:second], raw[second:]) if piece]
        observation = await Exchange(ASKED).stream(pieces, NDJSON, path="/api/chat")

        assert without_times(observation) == whole

    unlabelled = await Exchange(ASKED).stream(LINES, path="/api/chat")

    assert without_times(unlabelled) == whole


@pytest.mark.parametrize(
    ("lines", "outcome", "faults"),
    [
        (LINES[:3], "truncated", []),
        ([*LINES[:3], b'{"model":"llama3.2","mess'], "truncated", []),
        ([*LINES[:2], b"{oops}\n", *LINES[2:]], "success", ["response_malformed"]),
        ([*LINES[:2], b'{"error":"the runner has stopped"}\n'], "provider_error", []),
    ],
)
async def test_broken_streams(lines: list[bytes], outcome: str, faults: list[str]) -> None:
    """A stream that breaks off is no success and no malformed one; an error line is an error."""
    run = Exchange(ASKED)
    observation = await run.stream(lines, NDJSON, path="/api/chat")

    assert observation.outcome == outcome
    assert run.sink.faults == faults


async def test_array_is_a_stream_where_the_path_says_so() -> None:
    """Gemini streams a JSON array under the type of JSON; its elements are its events."""
    parts = [{"candidates": [{"content": {"parts": [{"text": text}]}}]} for text in ("One", " two")]
    last = {
        "candidates": [{"content": {"parts": [{"text": ""}]}, "finishReason": "STOP"}],
        "usageMetadata": {"promptTokenCount": 4, "candidatesTokenCount": 2, "totalTokenCount": 6},
        "modelVersion": "gemini-x",
    }
    pieces = [
        b"[" + orjson.dumps(parts[0]),
        b",\r\n" + orjson.dumps(parts[1]),
        b",\r\n" + orjson.dumps(last) + b"]",
    ]
    run = Exchange(b'{"contents":[]}')
    path = "/v1beta/models/gemini-x:streamGenerateContent"
    observation = await run.stream(pieces, JSON_TYPE, path=path)

    assert (observation.streaming, observation.ttft_seconds) == (True, 1.0)
    assert (observation.tokens_output, observation.finish_reason) == (2, "STOP")
    assert (observation.provider, observation.model) == ("google", "gemini-x")
    assert run.sink.faults == []
