"""Servers that several modules converse with."""

import os
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Final

import pytest

from tests.support.asgi import CHAT
from tests.support.sdk_upstream_servers import Upstreams, running_upstreams
from tests.support.servers import Server, running_server

VENDOR_VARIABLES: Final = (
    "OPENAI_",
    "AZURE_",
    "ANTHROPIC_",
    "GOOGLE_",
    "GEMINI_",
    "OLLAMA_",
    "CO_",
    "NO_PROXY",
    "no_proxy",
)


@pytest.fixture(scope="package")
def serve() -> Iterator[Callable[[str], Server]]:
    """Give the server of a name, started on first use; in the end each request has left one record."""
    servers: dict[str, Server] = {}
    with ExitStack() as stack:

        def find(name: str) -> Server:
            if name not in servers:
                servers[name] = stack.enter_context(running_server(name))
            return servers[name]

        yield find
        for server in servers.values():
            models = Counter(each["model"] for each in server.printed("observation"))
            exchanges = sum(each["route"] == CHAT for each in server.printed("exchange"))

            assert set(models.values()) <= {1}, server.name
            assert exchanges == len(models), server.name


@pytest.fixture(scope="package")
def _upstreams() -> Iterator[Upstreams]:
    with running_upstreams() as upstreams:
        yield upstreams


@pytest.fixture
def upstreams(_upstreams: Upstreams, monkeypatch: pytest.MonkeyPatch) -> Upstreams:
    """Give the upstream for vendors' clients; what the developer set for those, a proxy too, does not count."""
    for name in list(os.environ):
        if name.startswith(VENDOR_VARIABLES):
            monkeypatch.delenv(name)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return _upstreams
