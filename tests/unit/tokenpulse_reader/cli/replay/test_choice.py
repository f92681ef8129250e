"""At which path an exchange is replayed."""

import pytest

from tests.support.kept_answers import OPENAI
from tokenpulse.explain import DIALECT_NAMES, Exchange
from tokenpulse_reader.cli.failures import RefusedError
from tokenpulse_reader.cli.replay.choice import chosen
from tokenpulse_shared.settings import Settings

NAMES = ", ".join(DIALECT_NAMES)


def choose(exchange: Exchange, *, endpoints: str | None = None, **given: str) -> tuple[str | None, str, str]:
    """Return (path, dialect, reason)."""
    wanted = (given.get(name) for name in ("path", "dialect", "model"))
    choice = chosen(exchange, Settings.load({}, endpoints=endpoints), *wanted)
    return choice.exchange.path, choice.endpoint.dialect.name, choice.reason


@pytest.mark.parametrize(
    ("path", "given", "choice"),
    [
        ("/v1/chat/completions", {}, ("/v1/chat/completions", "openai-chat", "as recorded")),
        (None, {}, ("/v1/chat/completions", "openai-chat", "by the answer's shape")),
        (None, {"path": "/x/completions?a=1"}, ("/x/completions", "openai-completions", "by --path")),
        ("/ask", {"path": "https://h/v1/responses"}, ("/v1/responses", "openai-responses", "by --path")),
        ("/ask", {"dialect": "openai-chat"}, ("/v1/chat/completions", "openai-chat", "by --dialect")),
        ("/v1/responses", {"dialect": "openai-responses"}, ("/v1/responses", "openai-responses", "as recorded")),
        ("/v1/responses", {"dialect": "cohere-v2"}, ("/v2/chat", "cohere-v2", "by --dialect")),
        ("/ask", {"endpoints": "/ask=openai-chat"}, ("/ask", "openai-chat", "as recorded")),
        (None, {"dialect": "bedrock-invoke", "model": "m"}, ("/model/m/invoke-with-response-stream", "bedrock-invoke", "by --dialect")),
    ],
)  # fmt: skip
def test_choices(path: str | None, given: dict[str, str], choice: tuple[str, str, str]) -> None:
    """The user's path, else the recorded one, else one that fits the answer; a named dialect holds anyway."""
    assert choose(Exchange(OPENAI, path), **given) == choice


@pytest.mark.parametrize(
    ("exchange", "given", "message"),
    [
        (Exchange(OPENAI, "/v1/messages", "GET"), {}, "GET /v1/messages is plain HTTP to tokenpulse: only POST is inference"),
        (Exchange(OPENAI, "/ask"), {}, f"/ask is plain HTTP to tokenpulse. Name what is spoken there with --dialect, one of {NAMES}, or another path with --path"),
        (Exchange(OPENAI), {"endpoints": "/v1/chat/completions=none"}, "/v1/chat/completions is plain HTTP to tokenpulse by the setting endpoints"),
        (Exchange(OPENAI), {"dialect": "ollama-embed"}, "ollama-embed has no path whose answers are of this kind (a stream, or one JSON object)"),
        (Exchange(b"\x89PNG"), {}, f"the answer does not tell which protocol it speaks. Name it with --dialect, one of {NAMES}, or its path with --path, such as /v1/chat/completions"),
    ],
)  # fmt: skip
def test_refusals(exchange: Exchange, given: dict[str, str], message: str) -> None:
    """Where nothing tells a path of inference, it says what to name."""
    with pytest.raises(RefusedError) as refused:
        choose(exchange, **given)

    assert refused.value.message == message
