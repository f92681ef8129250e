"""The `openai` package through a wrapped server: it works as unwrapped, its usage figures equal ours."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import openai
import pytest

from tests.support.sdk_upstream_clients import OpenAIClient, azure_client, openai_client
from tests.support.sdk_upstream_openai import MODEL
from tests.support.sdk_upstream_servers import Ending, Kind, Tokens, Upstreams

MESSAGES: Final = [{"role": "user", "content": "Where does the river go?"}]
WITH_USAGE: Final = {"stream_options": {"include_usage": True}}
TOKENS: Final = Tokens(40, 12, 8, None, 4)
ENDINGS: Final = [("words", "stop"), ("tools", "tool_calls"), ("packed_words", "stop")]


def ask(url: str, model: str, connect: OpenAIClient = openai_client, **given: Any) -> Any:
    """Return a chat completion."""
    with connect(url) as client:
        return client.chat.completions.create(model=model, messages=MESSAGES, **given)


def ask_stream(url: str, model: str, connect: OpenAIClient = openai_client, **given: Any) -> list[Any]:
    """Return all chunks of a chat completion."""
    with connect(url) as client:
        return list(client.chat.completions.create(model=model, messages=MESSAGES, stream=True, **given))


def _counted(usage: Any) -> Tokens:
    prompt, completion = usage.prompt_tokens_details, usage.completion_tokens_details
    return Tokens(
        usage.prompt_tokens,
        usage.completion_tokens,
        prompt.cached_tokens,
        prompt.cache_write_tokens,
        completion.reasoning_tokens,
    )


@pytest.mark.parametrize("connect", [openai_client, azure_client])
@pytest.mark.parametrize(("scenario", "finish"), ENDINGS)
def test_chat(upstreams: Upstreams, scenario: str, finish: str, connect: OpenAIClient) -> None:
    """A whole answer: text, a tool call, a compressed body, at OpenAI's path or at Azure's."""
    seen = upstreams.exchange(scenario, partial(ask, connect=connect))

    assert seen.wrapped == seen.bare
    assert seen.wrapped.choices[0].finish_reason == finish
    assert seen.kind == Kind("openai-chat", "chat", False, None)
    assert seen.ending == Ending("success", finish, seen.wrapped.model)
    assert seen.tokens == _counted(seen.wrapped.usage) == TOKENS


@pytest.mark.parametrize("connect", [openai_client, azure_client])
@pytest.mark.parametrize(("scenario", "finish"), ENDINGS)
def test_chat_stream(upstreams: Upstreams, scenario: str, finish: str, connect: OpenAIClient) -> None:
    """A stream that was asked for its usage tells it in its last chunk."""
    seen = upstreams.exchange(scenario, partial(ask_stream, connect=connect, **WITH_USAGE))

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("openai-chat", "chat", True, "visible")
    assert seen.ending == Ending("success", finish, MODEL)
    assert seen.tokens == _counted(seen.wrapped[-1].usage) == TOKENS


def test_headers(upstreams: Upstreams) -> None:
    """What the client reads beside the body is the same as well."""

    def ask_raw(url: str, model: str) -> tuple[dict[str, str], Any]:
        with openai_client(url) as client:
            raw = client.chat.completions.with_raw_response.create(model=model, messages=MESSAGES)
        return dict(raw.headers), raw.parse()

    seen = upstreams.exchange("words", ask_raw)

    assert seen.wrapped == seen.bare
    assert seen.wrapped[0]["x-request-id"] == "req-1"


def test_stream_helper(upstreams: Upstreams) -> None:
    """The helper that puts the chunks together makes the same completion of them."""

    def ask_helper(url: str, model: str) -> Any:
        with (
            openai_client(url) as client,
            client.chat.completions.stream(model=model, messages=MESSAGES, **WITH_USAGE) as stream,
        ):
            return stream.get_final_completion()

    seen = upstreams.exchange("words", ask_helper)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.choices[0].message.content == "Rivers bend slowly."
    assert seen.tokens == _counted(seen.wrapped.usage) == TOKENS


def test_async_stream(upstreams: Upstreams) -> None:
    """The asynchronous client sees the same chunks."""

    async def ask_async(url: str, model: str) -> list[Any]:
        async with openai.AsyncOpenAI(api_key="none", base_url=f"{url}/v1", max_retries=0) as client:
            chunks = await client.chat.completions.create(
                model=model, messages=MESSAGES, stream=True, **WITH_USAGE
            )
            return [chunk async for chunk in chunks]

    seen = upstreams.exchange("words", lambda url, model: asyncio.run(ask_async(url, model)))

    assert seen.wrapped == seen.bare
    assert seen.tokens == _counted(seen.wrapped[-1].usage) == TOKENS


def test_stream_without_usage(upstreams: Upstreams) -> None:
    """Where the client is told no usage, there is none to count."""
    seen = upstreams.exchange("words", ask_stream)

    assert seen.wrapped == seen.bare
    assert {chunk.usage for chunk in seen.wrapped} == {None}
    assert seen.kind == Kind("openai-chat", "chat", True, "visible", "unknown")
    assert seen.tokens == Tokens()


@pytest.mark.parametrize("scenario", ["words", "tools"])
def test_usage_asked_for_on_the_clients_behalf(upstreams: Upstreams, scenario: str) -> None:
    """With `inject_include_usage` the client still gets the chunks it would have had, and the usage is known."""
    seen = upstreams.exchange(scenario, ask_stream, upstreams.injecting)

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("openai-chat", "chat", True, "visible")
    assert seen.tokens == TOKENS


def test_several_choices(upstreams: Upstreams) -> None:
    """The stream ends when every choice has; the first choice's finish reason stands."""
    seen = upstreams.exchange("choices", partial(ask_stream, n=2))

    assert seen.wrapped == seen.bare
    assert seen.ending == Ending("success", "length", MODEL)


@pytest.mark.parametrize("call", [ask, ask_stream])
@pytest.mark.parametrize(
    ("scenario", "raised", "ending"),
    [
        ("refused", openai.BadRequestError, Ending("caller_error", None, None, "refused_error", 400)),
        ("limited", openai.RateLimitError, Ending("rate_limit", None, None, "limited_error", 429)),
        ("overloaded", openai.InternalServerError, Ending("provider_error", None, None, "overloaded_error", 503)),
    ],
)  # fmt: skip
def test_error_status(
    upstreams: Upstreams,
    scenario: str,
    raised: type[Exception],
    ending: Ending,
    call: Callable[[str, str], Any],
) -> None:
    """The client raises what it raises unwrapped, whether it asked for a stream or not."""
    seen = upstreams.failure(scenario, call)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.type is raised
    assert seen.ending == ending


def test_error_within_a_stream(upstreams: Upstreams) -> None:
    """An error after the first word raises in the client, and is a provider_error at status 200."""
    seen = upstreams.failure("broken", ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.type is openai.APIError
    assert seen.kind == Kind("openai-chat", "chat", True, "visible", "unknown")
    assert seen.ending == Ending("provider_error", None, MODEL, "broken_error")


def test_stream_that_breaks_off(upstreams: Upstreams) -> None:
    """The client takes a stream without an end for a whole one: tokenpulse does not."""
    seen = upstreams.exchange("cut", ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.ending == Ending("truncated", None, MODEL)


def test_client_that_leaves(upstreams: Upstreams) -> None:
    """A client that closes the stream after a word is a client_disconnect."""

    def ask_two(url: str, model: str) -> list[Any]:
        with (
            openai_client(url) as client,
            client.chat.completions.create(model=model, messages=MESSAGES, stream=True) as stream,
        ):
            return [next(stream), next(stream)]

    seen = upstreams.exchange("held", ask_two)

    assert seen.wrapped == seen.bare
    assert seen.ending == Ending("client_disconnect", None, MODEL)
