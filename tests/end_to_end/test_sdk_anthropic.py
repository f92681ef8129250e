"""The `anthropic` package through a wrapped server: it works as unwrapped, its usage figures equal ours."""

import asyncio
from collections.abc import Callable
from functools import partial
from typing import Any, Final

import anthropic
import pytest

from tests.support.sdk_upstream_anthropic import MODEL
from tests.support.sdk_upstream_clients import anthropic_client, vertex_client
from tests.support.sdk_upstream_servers import Ending, Kind, Tokens, Upstreams

GIVEN: Final = {"max_tokens": 100, "messages": [{"role": "user", "content": "What is stone?"}]}
TOKENS: Final = Tokens(1321, 57, 1000, 300, 30)
STARTED: Final = Tokens(1321, 1, 1000, 300, None)
"""What `message_start` tells: the input; of the output only a placeholder."""
ENDINGS: Final = [("words", "end_turn"), ("tools", "tool_use"), ("packed_words", "end_turn")]
STREAM_KIND: Final = Kind("anthropic-messages", "chat", True, "reasoning")

Client = Callable[[str], Any]


def ask(url: str, model: str, connect: Client = anthropic_client) -> Any:
    """Return a message."""
    with connect(url) as client:
        return client.messages.create(model=model, **GIVEN)


def ask_stream(url: str, model: str, connect: Client = anthropic_client) -> list[Any]:
    """Return all events of a message that the client hands on: it keeps pings to itself."""
    with connect(url) as client:
        return list(client.messages.create(model=model, stream=True, **GIVEN))


def ask_helper(url: str, model: str) -> Any:
    """Return the message that the streaming helper puts together."""
    with anthropic_client(url) as client, client.messages.stream(model=model, **GIVEN) as stream:
        return stream.get_final_message()


async def ask_async(url: str, model: str) -> Any:
    """Return the message that the asynchronous helper puts together."""
    async with (
        anthropic.AsyncAnthropic(api_key="none", base_url=url, max_retries=0) as client,
        client.messages.stream(model=model, **GIVEN) as stream,
    ):
        return await stream.get_final_message()


def _counted(usage: Any) -> Tokens:
    """Return what Anthropic bills, its input with what a cache read or wrote."""
    read, written = usage.cache_read_input_tokens or 0, usage.cache_creation_input_tokens or 0
    thinking = usage.output_tokens_details.thinking_tokens
    return Tokens(usage.input_tokens + read + written, usage.output_tokens, read, written, thinking)


@pytest.mark.parametrize("connect", [anthropic_client, vertex_client])
@pytest.mark.parametrize(("scenario", "finish"), ENDINGS)
def test_message(upstreams: Upstreams, scenario: str, finish: str, connect: Client) -> None:
    """A whole message: thinking with text, a tool call, a compressed body, at Anthropic's path or Vertex's."""
    seen = upstreams.exchange(scenario, partial(ask, connect=connect))

    assert seen.wrapped == seen.bare
    assert seen.wrapped.stop_reason == finish
    assert seen.kind == Kind("anthropic-messages", "chat", False, None)
    assert seen.ending == Ending("success", finish, seen.wrapped.model)
    assert seen.tokens == _counted(seen.wrapped.usage) == TOKENS


@pytest.mark.parametrize("connect", [anthropic_client, vertex_client])
@pytest.mark.parametrize(("scenario", "finish"), ENDINGS)
def test_message_stream(upstreams: Upstreams, scenario: str, finish: str, connect: Client) -> None:
    """The events of a stream; thinking comes first where there is any."""
    seen = upstreams.exchange(scenario, partial(ask_stream, connect=connect))
    first_content = "visible" if scenario == "tools" else "reasoning"

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("anthropic-messages", "chat", True, first_content)
    assert seen.ending == Ending("success", finish, MODEL)
    assert seen.tokens == TOKENS


@pytest.mark.parametrize(
    ("scenario", "finish", "tokens"),
    [
        ("words", "end_turn", TOKENS),
        ("tools", "tool_use", TOKENS),
        ("search", "end_turn", Tokens(2400, 57, 0, 0, 30)),
    ],
)
def test_stream_helper(upstreams: Upstreams, scenario: str, finish: str, tokens: Tokens) -> None:
    """The helper merges the usage of two events as tokenpulse does, also where the later one tells the input anew."""
    seen = upstreams.exchange(scenario, ask_helper)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.stop_reason == finish
    assert seen.tokens == _counted(seen.wrapped.usage) == tokens


def test_async_stream_helper(upstreams: Upstreams) -> None:
    """The asynchronous client makes the same message."""
    seen = upstreams.exchange("words", lambda url, model: asyncio.run(ask_async(url, model)))

    assert seen.wrapped == seen.bare
    assert seen.tokens == _counted(seen.wrapped.usage) == TOKENS


@pytest.mark.parametrize("call", [ask, ask_stream, ask_helper])
@pytest.mark.parametrize(
    ("scenario", "raised", "ending"),
    [
        (
            "refused",
            anthropic.BadRequestError,
            Ending("caller_error", None, None, "invalid_request_error", 400),
        ),
        ("limited", anthropic.RateLimitError, Ending("rate_limit", None, None, "rate_limit_error", 429)),
        (
            "overloaded",
            anthropic.OverloadedError,
            Ending("provider_error", None, None, "overloaded_error", 529),
        ),
    ],
)
def test_error_status(
    upstreams: Upstreams,
    scenario: str,
    raised: type[Exception],
    ending: Ending,
    call: Callable[[str, str], Any],
) -> None:
    """The client raises what it raises unwrapped; 529 is Anthropic's own status for an overload."""
    seen = upstreams.failure(scenario, call)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.type is raised
    assert seen.ending == ending


@pytest.mark.parametrize("call", [ask_stream, ask_helper])
def test_error_within_a_stream(upstreams: Upstreams, call: Callable[[str, str], Any]) -> None:
    """An overload after the first thought raises in the client; the tokens told so far are kept as partial."""
    seen = upstreams.failure("broken", call)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.type is anthropic.APIStatusError
    assert seen.kind == STREAM_KIND._replace(usage_source="partial")
    assert seen.ending == Ending("provider_error", None, MODEL, "overloaded_error")
    assert seen.tokens == STARTED


def test_stream_that_breaks_off(upstreams: Upstreams) -> None:
    """The client takes a stream without an end for a whole one: tokenpulse does not."""
    seen = upstreams.exchange("cut", ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.kind == STREAM_KIND._replace(usage_source="partial")
    assert seen.ending == Ending("truncated", None, MODEL)
    assert seen.tokens == STARTED


def test_client_that_leaves(upstreams: Upstreams) -> None:
    """A client that closes the stream after a thought is a client_disconnect."""

    def ask_three(url: str, model: str) -> list[Any]:
        with (
            anthropic_client(url) as client,
            client.messages.create(model=model, stream=True, **GIVEN) as stream,
        ):
            return [next(stream) for _ in range(3)]

    seen = upstreams.exchange("held", ask_three)

    assert seen.wrapped == seen.bare
    assert seen.ending == Ending("client_disconnect", None, MODEL)
    assert seen.tokens == STARTED


def test_counting_tokens_is_no_inference(upstreams: Upstreams) -> None:
    """`count_tokens` generates nothing: it leaves no observation."""

    def count(url: str, model: str) -> Any:
        with anthropic_client(url) as client:
            return client.messages.count_tokens(model=model, messages=GIVEN["messages"])

    assert upstreams.observed_count(count, ask) == 1
