"""Endpoints of the `openai` package beside chat, through a wrapped server: as unwrapped, with equal usage figures."""

from typing import Any

import pytest

from tests.support.sdk_upstream_clients import OpenAIClient, azure_client, openai_client
from tests.support.sdk_upstream_openai import MODEL
from tests.support.sdk_upstream_servers import Ending, Kind, Tokens, Upstreams


@pytest.mark.parametrize("is_stream", [False, True])
def test_text_completion(upstreams: Upstreams, is_stream: bool) -> None:
    """The older text completions count as chat does."""

    def complete(url: str, model: str) -> Any:
        with openai_client(url) as client:
            answer = client.completions.create(model=model, prompt="On and on.", stream=is_stream)
            return list(answer) if is_stream else answer

    seen = upstreams.exchange("words", complete)
    usage = seen.wrapped[-1].usage if is_stream else seen.wrapped.usage
    first_content = "visible" if is_stream else None

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("openai-completions", "text_completion", is_stream, first_content)
    assert seen.ending == Ending("success", "length", MODEL)
    assert seen.tokens == Tokens(usage.prompt_tokens, usage.completion_tokens) == Tokens(6, 9)


@pytest.mark.parametrize("connect", [openai_client, azure_client])
def test_embeddings(upstreams: Upstreams, connect: OpenAIClient) -> None:
    """Embeddings count input alone."""

    def embed(url: str, model: str) -> Any:
        with connect(url) as client:
            return client.embeddings.create(model=model, input="river")

    seen = upstreams.exchange("words", embed)

    assert seen.wrapped == seen.bare
    assert seen.kind == Kind("openai-embeddings", "embeddings", False, None)
    assert seen.ending == Ending("success", None, MODEL)
    assert seen.tokens == Tokens(seen.wrapped.usage.prompt_tokens) == Tokens(5)
