"""The `cohere` package, version 2 of the API, through a wrapped server: as unwrapped, with equal usage figures."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

import cohere
import pytest
from cohere.errors import BadRequestError, ServiceUnavailableError, TooManyRequestsError

from tests.support.sdk_upstream_servers import Ending, Kind, Tokens, Upstreams

MESSAGES: Final = [{"role": "user", "content": "What does ice do?"}]
TOKENS: Final = Tokens(510, 19, 256)
ENDINGS: Final = [("words", "COMPLETE"), ("tools", "TOOL_CALL"), ("packed_words", "COMPLETE")]


def _client(url: str) -> cohere.ClientV2:
    return cohere.ClientV2(api_key="none", base_url=url, max_retries=0)


def ask(url: str, model: str) -> Any:
    """Return an answer."""
    with _client(url) as client:
        return client.chat(model=model, messages=MESSAGES)


def ask_stream(url: str, model: str) -> list[Any]:
    """Return all events of an answer."""
    with _client(url) as client:
        return list(client.chat_stream(model=model, messages=MESSAGES))


async def ask_async(url: str, model: str) -> list[Any]:
    """Return all events of an answer, by the asynchronous client."""
    async with cohere.AsyncClientV2(api_key="none", base_url=url, max_retries=0) as client:
        return [event async for event in client.chat_stream(model=model, messages=MESSAGES)]


def _counted(usage: Any) -> Tokens:
    """Return the tokens the model saw; what is billed of them, 8 in and 15 out, is priced."""
    return Tokens(usage.tokens.input_tokens, usage.tokens.output_tokens, usage.cached_tokens)


@pytest.mark.parametrize(("scenario", "finish"), ENDINGS)
def test_chat(upstreams: Upstreams, scenario: str, finish: str) -> None:
    """A whole answer: thinking with text, a planned tool call, a compressed body."""
    seen = upstreams.exchange(scenario, ask)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.finish_reason == finish
    assert seen.kind == Kind("cohere-v2", "chat", False, None)
    assert seen.ending == Ending("success", finish)
    assert seen.tokens == _counted(seen.wrapped.usage) == TOKENS


@pytest.mark.parametrize(("scenario", "finish"), ENDINGS)
def test_chat_stream(upstreams: Upstreams, scenario: str, finish: str) -> None:
    """A stream ends with finish reason and usage; thinking, or the plan of a call, comes first."""
    seen = upstreams.exchange(scenario, ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.wrapped[-1].delta.finish_reason == finish
    assert seen.kind == Kind("cohere-v2", "chat", True, "reasoning")
    assert seen.ending == Ending("success", finish)
    assert seen.tokens == _counted(seen.wrapped[-1].delta.usage) == TOKENS


def test_async_stream(upstreams: Upstreams) -> None:
    """The asynchronous client sees the same events."""
    seen = upstreams.exchange("words", lambda url, model: asyncio.run(ask_async(url, model)))

    assert seen.wrapped == seen.bare
    assert seen.tokens == _counted(seen.wrapped[-1].delta.usage) == TOKENS


@pytest.mark.parametrize("call", [ask, ask_stream])
@pytest.mark.parametrize(
    ("scenario", "raised", "ending"),
    [
        ("refused", BadRequestError, Ending("caller_error", None, None, None, 400)),
        ("limited", TooManyRequestsError, Ending("rate_limit", None, None, None, 429)),
        ("overloaded", ServiceUnavailableError, Ending("provider_error", None, None, None, 503)),
    ],
)
def test_error_status(
    upstreams: Upstreams,
    scenario: str,
    raised: type[Exception],
    ending: Ending,
    call: Callable[[str, str], Any],
) -> None:
    """The client raises what it raises unwrapped."""
    seen = upstreams.failure(scenario, call)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.type is raised
    assert seen.ending == ending


@pytest.mark.parametrize(
    ("scenario", "ending", "message"),
    [
        ("broken", Ending("provider_error", "ERROR"), "the worker stopped"),
        ("late", Ending("timeout", "TIMEOUT"), "no time left"),
    ],
)
def test_error_within_a_stream(upstreams: Upstreams, scenario: str, ending: Ending, message: str) -> None:
    """The client hands on an end that failed as any other; its usage counts."""
    seen = upstreams.exchange(scenario, ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.wrapped[-1].delta.error == message
    assert seen.ending == ending
    assert seen.seen["error_message"] == message
    assert seen.tokens == _counted(seen.wrapped[-1].delta.usage) == TOKENS


def test_stream_that_breaks_off(upstreams: Upstreams) -> None:
    """The client takes a stream without its end for a whole one: tokenpulse does not."""
    seen = upstreams.exchange("cut", ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("cohere-v2", "chat", True, "reasoning", "unknown")
    assert seen.ending == Ending("truncated")


def test_embed(upstreams: Upstreams) -> None:
    """Embeddings tell what is billed, and nothing else."""

    def embed(url: str, model: str) -> Any:
        with _client(url) as client:
            given = {"texts": ["ice"], "input_type": "search_query", "embedding_types": ["float"]}
            return client.embed(model=model, **given)

    seen = upstreams.exchange("words", embed)

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("cohere-embeddings", "embeddings", False, None)
    assert seen.tokens == Tokens(seen.wrapped.meta.billed_units.input_tokens) == Tokens(3)


def test_rerank(upstreams: Upstreams) -> None:
    """A rerank is billed by searches: its tokens are unknown."""

    def rerank(url: str, model: str) -> Any:
        with _client(url) as client:
            return client.rerank(model=model, query="ice", documents=["snow", "glacier"])

    seen = upstreams.exchange("words", rerank)

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("cohere-rerank", "rerank", False, None, "unknown")
    assert seen.tokens == Tokens()
