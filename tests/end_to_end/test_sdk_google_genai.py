"""The `google-genai` package through a wrapped server: it works as unwrapped, its usage figures equal ours."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import pytest
from google import genai
from google.genai import errors, types
from google.oauth2.credentials import Credentials

from tests.support.sdk_upstream_gemini import MODEL
from tests.support.sdk_upstream_servers import Ending, Kind, Tokens, Upstreams

QUESTION: Final = "Where does the dune go?"
TOKENS: Final = Tokens(76, 39, 48, None, 25)
ENDINGS: Final = [("words", "reasoning"), ("tools", "visible"), ("packed_words", "reasoning")]
"""Scenarios, with what a stream of them brings first."""

Client = Callable[[str], genai.Client]


def gemini_client(url: str) -> genai.Client:
    """Return a client of a server, as for the Gemini API."""
    options = types.HttpOptions(base_url=url)
    return genai.Client(api_key="none", vertexai=False, http_options=options)


def vertex_client(url: str) -> genai.Client:
    """Return a client of a server, as for Vertex AI."""
    options = types.HttpOptions(base_url=url)
    credentials = Credentials(token="none")
    return genai.Client(
        vertexai=True, project="p", location="north", credentials=credentials, http_options=options
    )


def ask(url: str, model: str, connect: Client = gemini_client) -> Any:
    """Return an answer."""
    with connect(url) as client:
        return client.models.generate_content(model=model, contents=QUESTION)


def ask_stream(url: str, model: str, connect: Client = gemini_client) -> list[Any]:
    """Return all chunks of an answer."""
    with connect(url) as client:
        return list(client.models.generate_content_stream(model=model, contents=QUESTION))


async def ask_async(url: str, model: str) -> list[Any]:
    """Return all chunks of an answer, by the asynchronous client."""
    async with gemini_client(url).aio as client:
        chunks = await client.models.generate_content_stream(model=model, contents=QUESTION)
        return [chunk async for chunk in chunks]


def _counted(usage: types.GenerateContentResponseUsageMetadata) -> Tokens:
    """Return what Google bills: what its tools fed back is input, thoughts are output."""
    return Tokens(
        (usage.prompt_token_count or 0) + (usage.tool_use_prompt_token_count or 0),
        (usage.candidates_token_count or 0) + (usage.thoughts_token_count or 0),
        usage.cached_content_token_count,
        None,
        usage.thoughts_token_count,
    )


@pytest.mark.parametrize("connect", [gemini_client, vertex_client])
@pytest.mark.parametrize("scenario", ["words", "tools", "packed_words"])
def test_answer(upstreams: Upstreams, scenario: str, connect: Client) -> None:
    """A whole answer: thoughts with text, a function call, a compressed body, from Gemini or Vertex."""
    seen = upstreams.exchange(scenario, partial(ask, connect=connect))
    usage = seen.wrapped.usage_metadata

    assert seen.wrapped == seen.bare
    assert seen.wrapped.candidates[0].finish_reason == "STOP"
    assert seen.kind == Kind("gemini-generate", "chat", False, None)
    assert seen.ending == Ending("success", "STOP", seen.wrapped.model_version)
    assert seen.tokens == _counted(usage) == TOKENS
    assert TOKENS.input + TOKENS.output == usage.total_token_count


@pytest.mark.parametrize("connect", [gemini_client, vertex_client])
@pytest.mark.parametrize(("scenario", "first_content"), ENDINGS)
def test_answer_stream(upstreams: Upstreams, scenario: str, first_content: str, connect: Client) -> None:
    """Every chunk carries usage; the last one's counts."""
    seen = upstreams.exchange(scenario, partial(ask_stream, connect=connect))

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("gemini-generate", "chat", True, first_content)
    assert seen.ending == Ending("success", "STOP", MODEL)
    assert seen.tokens == _counted(seen.wrapped[-1].usage_metadata) == TOKENS


def test_async_stream(upstreams: Upstreams) -> None:
    """The asynchronous client sees the same chunks."""
    seen = upstreams.exchange("words", lambda url, model: asyncio.run(ask_async(url, model)))

    assert seen.wrapped == seen.bare
    assert seen.tokens == _counted(seen.wrapped[-1].usage_metadata) == TOKENS


@pytest.mark.parametrize("is_stream", [False, True])
def test_blocked_prompt(upstreams: Upstreams, is_stream: bool) -> None:
    """A prompt that is blocked at status 200 is the caller's; the client gets no candidates."""
    seen = upstreams.exchange("blocked", ask_stream if is_stream else ask)
    answer = seen.wrapped[-1] if is_stream else seen.wrapped

    assert seen.wrapped == seen.bare
    assert answer.prompt_feedback.block_reason == "PROHIBITED_CONTENT"
    assert seen.ending == Ending("caller_error", None, MODEL)
    assert seen.seen["error_message"] == "prompt blocked: PROHIBITED_CONTENT"
    assert seen.tokens == Tokens(answer.usage_metadata.prompt_token_count) == Tokens(70)


@pytest.mark.parametrize("call", [ask, ask_stream])
@pytest.mark.parametrize(
    ("scenario", "raised", "ending"),
    [
        ("refused", errors.ClientError, Ending("caller_error", None, None, "INVALID_ARGUMENT", 400)),
        ("limited", errors.ClientError, Ending("rate_limit", None, None, "RESOURCE_EXHAUSTED", 429)),
        ("overloaded", errors.ServerError, Ending("provider_error", None, None, "UNAVAILABLE", 503)),
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


def test_error_within_a_stream(upstreams: Upstreams) -> None:
    """An error after the first word raises in the client; the input told so far is kept as partial."""
    seen = upstreams.failure("broken", ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.type is errors.ServerError
    assert seen.kind == Kind("gemini-generate", "chat", True, "visible", "partial")
    assert seen.ending == Ending("provider_error", None, MODEL, "UNAVAILABLE")
    assert seen.tokens == Tokens(70, None, 48)


def test_stream_that_breaks_off(upstreams: Upstreams) -> None:
    """The client takes a stream without a finish reason for a whole one: tokenpulse does not."""
    seen = upstreams.exchange("cut", ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.ending == Ending("truncated", None, MODEL)


@pytest.mark.parametrize(
    ("scenario", "connect"), [("words", gemini_client), ("gemini-embedding", vertex_client)]
)
def test_embeddings(upstreams: Upstreams, scenario: str, connect: Client) -> None:
    """Embeddings count input alone; Vertex has a path of its own for the models of Gemini."""

    def embed(url: str, model: str) -> Any:
        with connect(url) as client:
            return client.models.embed_content(model=model, contents="dune")

    seen = upstreams.exchange(scenario, embed)

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("gemini-embeddings", "embeddings", False, None)
    assert seen.tokens == Tokens(seen.wrapped.usage_metadata.prompt_token_count) == Tokens(9)


def test_counting_tokens_is_no_inference(upstreams: Upstreams) -> None:
    """`count_tokens` generates nothing: it leaves no observation."""

    def count(url: str, model: str) -> Any:
        with gemini_client(url) as client:
            return client.models.count_tokens(model=model, contents=QUESTION)

    assert upstreams.observed_count(count, ask) == 1
