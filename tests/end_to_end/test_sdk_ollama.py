"""The `ollama` package through a wrapped server: it works as unwrapped, its usage figures equal ours."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import ollama
import pytest

from tests.support.sdk_upstream_servers import Ending, Kind, Tokens, Upstreams

MESSAGES: Final = [{"role": "user", "content": "What grows here?"}]
TOKENS: Final = Tokens(18, 6)
SCENARIOS: Final = [
    # scenario, what a stream of it brings first, finish reason, tokens
    ("words", "visible", "stop", TOKENS),
    ("thinking", "reasoning", "stop", TOKENS),
    ("tools", "visible", "stop", TOKENS),
    ("long", "visible", "length", TOKENS),
    ("cached", "visible", "stop", Tokens(None, 6)),
    ("packed_words", "visible", "stop", TOKENS),
]


def ask(url: str, model: str) -> Any:
    """Return a chat's answer."""
    with ollama.Client(host=url) as client:
        return client.chat(model=model, messages=MESSAGES)


def ask_stream(url: str, model: str) -> list[Any]:
    """Return all lines of a chat's answer."""
    with ollama.Client(host=url) as client:
        return list(client.chat(model=model, messages=MESSAGES, stream=True))


async def ask_async(url: str, model: str) -> list[Any]:
    """Return all lines of a chat's answer, by the asynchronous client."""
    async with ollama.AsyncClient(host=url) as client:
        return [line async for line in await client.chat(model=model, messages=MESSAGES, stream=True)]


def _counted(end: Any) -> Tokens:
    return Tokens(end.prompt_eval_count, end.eval_count)


@pytest.mark.parametrize(("scenario", "_", "finish", "tokens"), SCENARIOS)
def test_chat(upstreams: Upstreams, scenario: str, _: str, finish: str, tokens: Tokens) -> None:
    """A whole answer; a prompt out of the cache is counted by neither."""
    seen = upstreams.exchange(scenario, ask)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.done_reason == finish
    assert seen.kind == Kind("ollama-chat", "chat", False, None)
    assert seen.ending == Ending("success", finish, seen.wrapped.model)
    assert seen.tokens == _counted(seen.wrapped) == tokens


@pytest.mark.parametrize(("scenario", "first_content", "finish", "tokens"), SCENARIOS)
def test_chat_stream(
    upstreams: Upstreams, scenario: str, first_content: str, finish: str, tokens: Tokens
) -> None:
    """The last line of a stream tells usage and finish reason."""
    seen = upstreams.exchange(scenario, ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("ollama-chat", "chat", True, first_content)
    assert seen.ending == Ending("success", finish, seen.wrapped[-1].model)
    assert seen.tokens == _counted(seen.wrapped[-1]) == tokens


def test_async_stream(upstreams: Upstreams) -> None:
    """The asynchronous client sees the same lines."""
    seen = upstreams.exchange("words", lambda url, model: asyncio.run(ask_async(url, model)))

    assert seen.wrapped == seen.bare
    assert seen.tokens == _counted(seen.wrapped[-1]) == TOKENS


@pytest.mark.parametrize("is_stream", [False, True])
def test_generate(upstreams: Upstreams, is_stream: bool) -> None:
    """Text completions count as chat does."""

    def generate(url: str, model: str) -> Any:
        with ollama.Client(host=url) as client:
            answer = client.generate(model=model, prompt="What grows?", stream=is_stream)
            return list(answer) if is_stream else answer

    seen = upstreams.exchange("words", generate)
    end = seen.wrapped[-1] if is_stream else seen.wrapped
    first_content = "visible" if is_stream else None

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("ollama-generate", "text_completion", is_stream, first_content)
    assert seen.ending == Ending("success", end.done_reason, end.model)
    assert seen.tokens == _counted(end) == TOKENS


def test_embed(upstreams: Upstreams) -> None:
    """Embeddings count input alone."""

    def embed(url: str, model: str) -> Any:
        with ollama.Client(host=url) as client:
            return client.embed(model=model, input="moss")

    seen = upstreams.exchange("words", embed)

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("ollama-embed", "embeddings", False, None)
    assert seen.ending == Ending("success", None, seen.wrapped.model)
    assert seen.tokens == _counted(seen.wrapped) == Tokens(4)


def test_older_embeddings(upstreams: Upstreams) -> None:
    """The older endpoint tells no counts: they are unknown, not 0."""

    def embed(url: str, model: str) -> Any:
        with ollama.Client(host=url) as client:
            return client.embeddings(model=model, prompt="moss")

    seen = upstreams.exchange("words", embed)

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("ollama-embeddings", "embeddings", False, None, "unknown")
    assert seen.tokens == Tokens()


@pytest.mark.parametrize("call", [ask, ask_stream])
@pytest.mark.parametrize(
    ("scenario", "ending"),
    [
        ("missing", Ending("caller_error", None, None, None, 404)),
        ("overloaded", Ending("provider_error", None, None, None, 503)),
    ],
)
def test_error_status(
    upstreams: Upstreams, scenario: str, ending: Ending, call: Callable[[str, str], Any]
) -> None:
    """The client raises what it raises unwrapped."""
    seen = upstreams.failure(scenario, call)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.type is ollama.ResponseError
    assert seen.ending == ending


def test_error_within_a_stream(upstreams: Upstreams) -> None:
    """A line that tells an error raises in the client, and is a provider_error at status 200."""
    seen = upstreams.failure("broken", ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.type is ollama.ResponseError
    assert (seen.seen["outcome"], seen.seen["status_code"]) == ("provider_error", 200)
    assert seen.seen["error_message"] == "the runner stopped"


def test_stream_that_breaks_off(upstreams: Upstreams) -> None:
    """The client takes a stream without its last line for a whole one: tokenpulse does not."""
    seen = upstreams.exchange("cut", ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.ending == Ending("truncated", None, seen.wrapped[-1].model)
    assert seen.tokens == Tokens()
