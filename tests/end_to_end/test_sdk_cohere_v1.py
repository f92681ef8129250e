"""The `cohere` package, version 1 of the API, through a wrapped server: as unwrapped, with equal usage figures."""

from typing import Any, Final

import cohere
import pytest
from cohere.errors import TooManyRequestsError

from tests.support.sdk_upstream_servers import Ending, Kind, Tokens, Upstreams

TOKENS: Final = Tokens(72, 4)


def _client(url: str) -> cohere.Client:
    return cohere.Client(api_key="none", base_url=url, max_retries=0)


def ask(url: str, model: str) -> Any:
    """Return an answer."""
    with _client(url) as client:
        return client.chat(model=model, message="What does salt do?")


def ask_stream(url: str, model: str) -> list[Any]:
    """Return all events of an answer."""
    with _client(url) as client:
        return list(client.chat_stream(model=model, message="What does salt do?"))


def _counted(meta: Any) -> Tokens:
    return Tokens(meta.tokens.input_tokens, meta.tokens.output_tokens)


@pytest.mark.parametrize("scenario", ["words", "packed_words"])
def test_chat(upstreams: Upstreams, scenario: str) -> None:
    """A whole answer."""
    seen = upstreams.exchange(scenario, ask)

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("cohere-v1", "chat", False, None)
    assert seen.ending == Ending("success", seen.wrapped.finish_reason)
    assert seen.tokens == _counted(seen.wrapped.meta) == TOKENS


@pytest.mark.parametrize(
    ("scenario", "ending"),
    [
        ("words", Ending("success", "COMPLETE")),
        ("packed_words", Ending("success", "COMPLETE")),
        ("broken", Ending("provider_error", "ERROR")),
    ],
)
def test_chat_stream(upstreams: Upstreams, scenario: str, ending: Ending) -> None:
    """The last line of a stream repeats the answer with its usage; a failed end raises nothing in the client."""
    seen = upstreams.exchange(scenario, ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.wrapped[-1].finish_reason == ending.finish_reason
    assert seen.kind == Kind("cohere-v1", "chat", True, "visible")
    assert seen.ending == ending
    assert seen.tokens == _counted(seen.wrapped[-1].response.meta) == TOKENS


def test_stream_that_breaks_off(upstreams: Upstreams) -> None:
    """The client takes a stream without its end for a whole one: tokenpulse does not."""
    seen = upstreams.exchange("cut", ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.ending == Ending("truncated")


def test_error_status(upstreams: Upstreams) -> None:
    """The client raises what it raises unwrapped."""
    seen = upstreams.failure("limited", ask_stream)

    assert seen.wrapped == seen.bare
    assert seen.wrapped.type is TooManyRequestsError
    assert seen.ending == Ending("rate_limit", status_code=429)


@pytest.mark.parametrize("is_stream", [False, True])
def test_generate(upstreams: Upstreams, is_stream: bool) -> None:
    """The older generate counts as chat does."""

    def generate(url: str, model: str) -> Any:
        with _client(url) as client:
            if is_stream:
                return list(client.generate_stream(model=model, prompt="Salt"))
            return client.generate(model=model, prompt="Salt")

    seen = upstreams.exchange("words", generate)
    first_content = "visible" if is_stream else None

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("cohere-v1", "text_completion", is_stream, first_content)
    assert seen.ending == Ending("success", "MAX_TOKENS")
    assert seen.tokens == TOKENS


def test_embed(upstreams: Upstreams) -> None:
    """Embeddings tell what is billed, and nothing else."""

    def embed(url: str, model: str) -> Any:
        with _client(url) as client:
            return client.embed(model=model, texts=["salt"], input_type="search_query")

    seen = upstreams.exchange("words", embed)

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("cohere-embeddings", "embeddings", False, None)
    assert seen.tokens == Tokens(seen.wrapped.meta.billed_units.input_tokens) == Tokens(3)
