"""Output tokens are estimated only where asked for, and say so."""

from typing import Any

import orjson
import pytest

from tests.support.answers import DONE, chat_answer, delta, short_stream, usage_chunk
from tests.support.asgi import JSON_TYPE, SSE_TYPE, body, replay, start
from tests.support.exchange import Exchange

TEXTS = [
    delta(reasoning_content="hm, "),
    delta(content="seven words"),
    delta(content=" here"),
    delta("stop"),
    DONE,
]
"""Three content events, 20 characters."""

NDJSON = (b"content-type", b"application/x-ndjson")


def words(text: str, model: str | None) -> int:
    """Count words, as a tokenizer would count tokens."""
    assert model == "openai/gpt-4o"
    return len(text.split())


@pytest.mark.parametrize(
    ("settings", "options", "tokens", "source"),
    [
        ({}, {}, None, "unknown"),
        ({"estimate_usage": "off"}, {}, None, "unknown"),
        ({"estimate_usage": "events"}, {}, 3, "estimated"),
        ({"estimate_usage": "characters"}, {}, 5, "estimated"),
        ({}, {"tokenizer": words}, 4, "estimated"),
        ({"estimate_usage": "events"}, {"tokenizer": words}, 4, "estimated"),
        ({}, {"tokenizer": lambda text, model: -1}, None, "unknown"),
    ],
)
async def test_stream_without_usage(
    settings: dict[str, Any], options: dict[str, Any], tokens: int | None, source: str
) -> None:
    """By events, by a quarter of the characters, by the operator's tokenizer, or not at all."""
    observation = await Exchange(**settings).stream(TEXTS, SSE_TYPE, options=options)

    assert (observation.tokens_output, observation.usage_source) == (tokens, source)
    assert observation.tokens_input is None


async def test_reported_usage_wins() -> None:
    """Nothing is estimated where the response tells."""
    observation = await Exchange(estimate_usage="characters").stream(short_stream(), SSE_TYPE)

    assert (observation.tokens_output, observation.usage_source) == (4, "reported")


async def test_broken_stream_keeps_the_larger_count() -> None:
    """What a broken stream told so far is at least what it generated."""
    broken = [usage_chunk(9, 1), delta(content="x" * 100)]
    observation = await Exchange(estimate_usage="characters").stream(broken, SSE_TYPE)

    assert (observation.outcome, observation.usage_source) == ("truncated", "estimated")
    assert (observation.tokens_input, observation.tokens_output) == (9, 25)

    observation = await Exchange().stream(broken, SSE_TYPE)

    assert (observation.tokens_output, observation.usage_source) == (1, "partial")


async def test_long_stream_is_estimated_in_parts() -> None:
    """A stream longer than what is held at a time is counted whole."""
    chunks = [delta(content="x" * 40) for _ in range(4_000)]
    observation = await Exchange(estimate_usage="characters").stream([*chunks, delta("stop"), DONE], SSE_TYPE)

    assert observation.tokens_output == 40_000


async def test_json_answer_has_no_events() -> None:
    """A whole answer is estimated by its text; by events it stays unknown."""
    answer = orjson.loads(chat_answer())
    del answer["usage"]
    for mode, tokens in (("characters", 1), ("events", None)):
        run = Exchange(estimate_usage=mode)
        observation = await run.run(replay([start(200, JSON_TYPE), body(orjson.dumps(answer))]))

        assert observation.tokens_output == tokens


async def test_lines_are_estimated_too() -> None:
    """A stream of JSON lines is counted as it is read."""
    lines = [orjson.dumps({"choices": [{"delta": {"content": "four"}}]}) + b"\n"] * 3
    observation = await Exchange(estimate_usage="events").stream(lines, NDJSON)

    assert observation.tokens_output == 3


async def test_tokenizer_that_raises() -> None:
    """The operator's function cannot break a request: it is counted, the tokens stay unknown."""
    run = Exchange()

    def broken(text: str, model: str | None) -> int:
        raise ValueError(text)

    messages = [start(200, SSE_TYPE), *(body(piece, more=True) for piece in TEXTS), body(b"")]
    with pytest.raises(AssertionError):
        await run.run(replay(messages), options={"tokenizer": broken})

    assert [where for where, _ in run.sink.errors] == ["tokenizer"]
    assert run.sink.observations[0].tokens_output is None
