"""Responses of the `openai` package through a wrapped server: they work as unwrapped, usage figures are equal."""

from collections.abc import Callable
from typing import Any, Final

import openai
import pytest

from tests.support.sdk_upstream_clients import openai_client
from tests.support.sdk_upstream_openai import MODEL
from tests.support.sdk_upstream_responses import RESPONSE_ID
from tests.support.sdk_upstream_servers import Ending, Kind, Tokens, Upstreams

QUESTION: Final = "What is the sky about to do?"
TOKENS: Final = Tokens(90, 33, 64, 16, 20)


def ask(url: str, model: str) -> Any:
    """Return a response."""
    with openai_client(url) as client:
        return client.responses.create(model=model, input=QUESTION)


def ask_stream(url: str, model: str) -> list[Any]:
    """Return all events of a response."""
    with openai_client(url) as client:
        return list(client.responses.create(model=model, input=QUESTION, stream=True))


def ask_helper(url: str, model: str) -> Any:
    """Return the response that the streaming helper puts together."""
    with openai_client(url) as client, client.responses.stream(model=model, input=QUESTION) as stream:
        return stream.get_final_response()


def _counted(usage: Any) -> Tokens:
    inputs, outputs = usage.input_tokens_details, usage.output_tokens_details
    return Tokens(
        usage.input_tokens,
        usage.output_tokens,
        inputs.cached_tokens,
        inputs.cache_write_tokens,
        outputs.reasoning_tokens,
    )


@pytest.mark.parametrize(
    ("scenario", "finish"),
    [
        ("words", "completed"),
        ("tools", "completed"),
        ("incomplete", "incomplete"),
        ("packed_words", "completed"),
    ],
)
def test_response(upstreams: Upstreams, scenario: str, finish: str) -> None:
    """A whole response ends with its status."""
    seen = upstreams.exchange(scenario, ask)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.status == finish
    assert seen.kind == Kind("openai-responses", "chat", False, None)
    assert seen.ending == Ending("success", finish, seen.wrapped.model)
    assert seen.tokens == _counted(seen.wrapped.usage) == TOKENS


@pytest.mark.parametrize(
    ("scenario", "finish", "first_content"),
    [
        ("words", "completed", "reasoning"),
        ("tools", "completed", "visible"),
        ("incomplete", "incomplete", "reasoning"),
        ("packed_words", "completed", "reasoning"),
    ],
)
def test_response_stream(upstreams: Upstreams, scenario: str, finish: str, first_content: str) -> None:
    """A stream tells its usage in the event that ends it."""
    seen = upstreams.exchange(scenario, ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.wrapped[-1].response.status == finish
    assert seen.kind == Kind("openai-responses", "chat", True, first_content)
    assert seen.ending == Ending("success", finish, MODEL)
    assert seen.tokens == _counted(seen.wrapped[-1].response.usage) == TOKENS


def test_stream_helper(upstreams: Upstreams) -> None:
    """The helper puts the same response together."""
    seen = upstreams.exchange("words", ask_helper)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.output_text == "Clouds gather."
    assert seen.tokens == _counted(seen.wrapped.usage) == TOKENS


@pytest.mark.parametrize(
    ("call", "kind"),
    [
        (ask, Kind("openai-responses", "chat", False, None, "unknown")),
        (ask_stream, Kind("openai-responses", "chat", True, "reasoning", "unknown")),
    ],
)
def test_response_that_failed(upstreams: Upstreams, call: Callable[[str, str], Any], kind: Kind) -> None:
    """The client gets a failed response without an exception; it is no success."""
    seen = upstreams.exchange("failed", call)

    assert seen.wrapped == seen.bare
    assert seen.kind == kind
    assert seen.ending == Ending("provider_error", "failed", MODEL, "server_error")


@pytest.mark.parametrize("call", [ask, ask_stream])
def test_error_status(upstreams: Upstreams, call: Callable[[str, str], Any]) -> None:
    """A refusal by status raises as it does unwrapped."""
    seen = upstreams.failure("limited", call)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.type is openai.RateLimitError
    assert seen.ending == Ending("rate_limit", None, None, "limited_error", 429)


def test_error_within_a_stream(upstreams: Upstreams) -> None:
    """The client hands on an error event as any other."""
    seen = upstreams.exchange("broken", ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.wrapped[-1].type == "error"
    assert seen.kind == Kind("openai-responses", "chat", True, "reasoning", "unknown")
    assert seen.ending == Ending("provider_error", None, MODEL, "server_error")


def test_stream_that_breaks_off(upstreams: Upstreams) -> None:
    """The helper raises on a stream without its last event; it is truncated."""
    seen = upstreams.failure("cut", ask_helper)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.type is RuntimeError
    assert seen.ending == Ending("truncated", None, MODEL)


def test_reading_a_response_again(upstreams: Upstreams) -> None:
    """A stored response carries the usage that was counted when it was made: fetching it counts nothing."""

    def fetch(url: str, _: str) -> Any:
        with openai_client(url) as client:
            return client.responses.retrieve(RESPONSE_ID)

    assert upstreams.observed_count(fetch, ask) == 1
