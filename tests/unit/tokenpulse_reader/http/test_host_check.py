"""Tests of which names a reader answers to."""

from typing import Any

import pytest

from tokenpulse_reader.http.host_check import HostCheck, answered_names
from tokenpulse_shared.settings import Settings

OWN = {"localhost", "127.0.0.1", "[::1]"}


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({}, OWN),
        ({"host": "127.0.0.2"}, OWN | {"127.0.0.2"}),
        ({"host": "::1"}, OWN),
        ({"allowed_hosts": "Metrics.internal"}, OWN | {"metrics.internal"}),
        ({"host": "0.0.0.0"}, None),
        ({"host": "0.0.0.0", "allowed_hosts": "a,b"}, OWN | {"a", "b"}),
        ({"host": "::", "allowed_hosts": "a"}, OWN | {"a"}),
        ({"host": "10.0.0.7"}, None),
        ({"host": "10.0.0.7", "allowed_hosts": "a"}, OWN | {"a", "10.0.0.7"}),
        ({"host": "2001:DB8::7", "allowed_hosts": "a"}, OWN | {"a", "[2001:db8::7]"}),
        ({"host": "Reader.test.", "allowed_hosts": "a"}, OWN | {"a", "reader.test"}),
        ({"host": "bücher.test", "allowed_hosts": "a"}, OWN | {"a"}),
        ({"api_token": "t"}, None),
        ({"metrics_tokens": "all=t", "allowed_hosts": "a"}, None),
    ],
)
def test_an_open_reader_on_the_loopback_answers_to_its_own_names(
    given: dict[str, Any], names: set[str] | None
) -> None:
    """With a token to any; beyond the loopback only where names are set."""
    assert answered_names(Settings.load({}, **given)) == names


async def _sent(kind: str, *hosts: bytes) -> list[str]:
    """Return the kinds of messages that a checked app and the check sent."""
    sent: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        sent.append("passed")

    async def send(message: Any) -> None:
        sent.append(message["type"])

    async def receive() -> Any:
        raise AssertionError("nothing is read")

    await HostCheck(app, OWN)({"type": kind, "headers": [(b"Host", host) for host in hosts]}, receive, send)
    return sent


async def test_other_names_are_refused() -> None:
    """Each Host header counts; none at all comes from no browser. A handshake is closed."""
    refused = ["http.response.start", "http.response.body"]

    assert await _sent("http", b"localhost:9100") == ["passed"]
    assert await _sent("http") == ["passed"]
    assert await _sent("http", b"evil.test") == refused
    assert await _sent("http", b"localhost", b"evil.test") == refused
    assert await _sent("http", b"") == refused
    assert await _sent("websocket", b"evil.test") == ["websocket.close"]
    assert await _sent("websocket", b"localhost") == ["passed"]
    assert await _sent("lifespan") == ["passed"]
