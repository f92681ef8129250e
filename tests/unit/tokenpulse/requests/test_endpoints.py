"""Which paths are inference, and who reads them."""

from typing import Any

import pytest

from tests.support.asgi import JSON_TYPE, body, replay, start
from tests.support.exchange import Exchange
from tokenpulse.dialects.base import JsonDialect, Mark, Marks, Route
from tokenpulse.dialects.facts import (
    NO_FACTS,
    AnswerFacts,
    EventFacts,
    JsonObject,
    RequestFacts,
    Usage,
)
from tokenpulse.dialects.registry import BUILT_IN
from tokenpulse.requests.endpoints import Endpoints
from tokenpulse_shared.errors import SettingsError


@pytest.mark.parametrize(
    ("path", "dialect", "model"),
    [
        ("/v1/chat/completions", "openai-chat", None),
        ("/openai/v1/chat/completions", "openai-chat", None),
        ("/openai/deployments/gpt-4o/chat/completions", "openai-chat", "gpt-4o"),
        ("/v1/completions", "openai-completions", None),
        ("/api/v1/embeddings", "openai-embeddings", None),
        ("/v1/responses", "openai-responses", None),
        ("/anthropic/v1/messages", "anthropic-messages", None),
        (
            "/v1/projects/p/locations/l/publishers/anthropic/models/claude-opus-4-1@20250805:streamRawPredict",
            "anthropic-messages",
            "claude-opus-4-1@20250805",
        ),
        ("/v1beta/models/gemini-2.5-pro:streamGenerateContent", "gemini-generate", "gemini-2.5-pro"),
        ("/model/amazon.nova-lite-v1:0/converse", "bedrock-converse", "amazon.nova-lite-v1:0"),
        (
            "/model/arn:aws:bedrock:eu-west-1:1:inference-profile/eu.nova/converse-stream",
            "bedrock-converse",
            "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.nova",
        ),
        ("/api/chat", "ollama-chat", None),
        ("/v2/chat", "cohere-v2", None),
    ],
)
def test_path_tells_dialect_and_model(path: str, dialect: str, model: str | None) -> None:
    """Whatever the prefix, the end of the path tells."""
    endpoint = Endpoints().find(path)

    assert endpoint is not None
    assert (endpoint.dialect.name, endpoint.path_model) == (dialect, model)


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1/threads/t-1/messages",
        "/v1/messages/count_tokens",
        "/v1/projects/p/locations/l/publishers/anthropic/models/count-tokens:rawPredict",
        "/v1/responses/r-1/cancel",
        "/v1beta/models/gemini:countTokens",
        "/model//converse",
        "/converse",
        "/v1/models",
    ],
)
def test_other_paths_are_plain(path: str) -> None:
    """What generates nothing is plain HTTP, even beside inference."""
    assert Endpoints().find(path) is None


def test_every_dialect_is_found_by_its_own_routes() -> None:
    """No dialect's route is taken by another one."""
    endpoints = Endpoints()
    for dialect in BUILT_IN:
        for route in dialect.routes:
            endpoint = endpoints.find("/prefix" + route.pattern.replace("{model}", "m"))

            assert endpoint is not None
            assert endpoint.dialect.name == dialect.name


def test_setting_adds_and_takes_away() -> None:
    """A told path comes first; `none` makes it plain HTTP."""
    endpoints = Endpoints(routes="/generate=openai-chat, /api/chat=none,/x/{model}/run=openai-chat,")
    added, named = endpoints.find("/v9/generate"), endpoints.find("/x/m-1/run")

    assert added is not None
    assert (added.dialect.name, added.label) == ("openai-chat", "/generate")
    assert named is not None
    assert named.path_model == "m-1"
    assert endpoints.find("/api/chat") is None
    assert endpoints.find("/v1/chat/completions") is not None


@pytest.mark.parametrize("text", ["/a", "/a=gpt", "a=openai-chat", "/a="])
def test_wrong_setting_says_what_is_expected(text: str) -> None:
    """The error names the setting, the value and the dialects there are."""
    with pytest.raises(SettingsError, match=r"endpoints.*openai-chat"):
        Endpoints(routes=text)


class Echo(JsonDialect):
    """A protocol of an app's own."""

    name = "echo"
    operation = "chat"
    vendor = "acme"
    routes = (Route("/echo/{model}", is_stream=False),)
    marks = Marks(Mark.of("used"), Mark.of("done"), Mark.of("error"), b'"said"')

    def request(self, body: JsonObject) -> RequestFacts:
        """Return nothing: the path names the model."""
        return RequestFacts()

    def answer(self, body: JsonObject, is_failure: bool) -> AnswerFacts:
        """Return what it used."""
        used: Any = body.get("used")
        return AnswerFacts(usage=Usage(tokens_output=used), finish_reason="stop")

    def event(self, name: bytes, body: JsonObject) -> EventFacts:
        """Return nothing: it does not stream."""
        return NO_FACTS

    def text(self, body: JsonObject) -> str:
        """Return what it said."""
        return str(body.get("said"))


async def test_dialect_of_ones_own() -> None:
    """An app's own protocol is read like a built-in one."""
    answer = replay([start(200, JSON_TYPE), body(b'{"said":"a","used":3}')])
    observation = await Exchange().run(answer, path="/v1/echo/m-2", options={"dialects": [Echo()]})

    assert (observation.dialect, observation.provider, observation.model) == ("echo", "acme", "m-2")
    assert (observation.tokens_output, observation.endpoint) == (3, "/echo/{model}")
