"""Tests of how clients are made from URLs; the connections themselves are tested against real servers."""

import builtins
from typing import Any

import pytest
import redis
import redis.asyncio

from tokenpulse_shared.connections.connection_options import TIMEOUT_SECONDS
from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.redis_client import connect, connect_async, memory_server


@pytest.mark.usefixtures("own_limits")
@pytest.mark.parametrize("maker", [connect, connect_async])
def test_clients_never_retry_and_always_time_out(maker: Any) -> None:
    """No retries behind our back, timeouts everywhere, protocol 2, few connections, a name for CLIENT LIST."""
    client = maker("redis://:p@example.invalid:7000/3", name="writer")
    options = client.connection_pool.connection_kwargs

    assert (options["host"], options["port"], options["db"], options["password"]) == (
        "example.invalid",
        7000,
        3,
        "p",
    )
    assert options["socket_timeout"] == options["socket_connect_timeout"] == TIMEOUT_SECONDS
    assert options["protocol"] == 2
    assert options["client_name"] == "writer"
    assert options["decode_responses"] is False
    assert options["retry"].get_retries() == 0
    assert client.connection_pool.max_connections <= 8


def test_schemes_choose_the_connection() -> None:
    """TLS verifies certificates; a socket's path is used as it stands."""
    tls = connect("rediss://host:1").connection_pool
    unix = connect("unix:///run/redis.sock?db=2").connection_pool

    assert issubclass(tls.connection_class, redis.SSLConnection)
    assert tls.make_connection().cert_reqs.name == "CERT_REQUIRED"
    assert unix.connection_kwargs["path"] == "/run/redis.sock"
    assert unix.connection_kwargs["db"] == 2


async def test_an_embedded_store_is_shared_within_the_process() -> None:
    """Blocking and asyncio clients of one memory name see the same data, another name sees none."""
    connect("memory://shared").set("k", b"\xff")
    client = connect_async("memory://shared")

    assert await client.get("k") == b"\xff"
    assert connect("memory://other").get("k") is None
    await client.aclose()


def test_an_embedded_store_needs_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without fakeredis the error names what to install."""
    imported = builtins.__import__

    def refuse(name: str, *rest: Any, **named: Any) -> Any:
        if name == "fakeredis":
            raise ImportError(name)
        return imported(name, *rest, **named)

    monkeypatch.setattr(builtins, "__import__", refuse)

    with pytest.raises(SettingsError, match=r"pip install 'tokenpulse\[reader\]'"):
        memory_server("never made before")
