"""Ask readers of several addresses whether they live, as a container engine asks by the image's health check."""

import asyncio
import sys
from contextlib import closing

import pytest

from tests.support.documentation import ROOT
from tokenpulse_reader.app import create_app
from tokenpulse_reader.http.reader_server import reader_server
from tokenpulse_reader.http.serving import ServingError, open_listener
from tokenpulse_shared.settings import Settings


async def health_of(port: int, host: str = "0.0.0.0") -> int:
    """Return the exit code of the health check."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-I", "-S", str(ROOT / "deploy" / "healthcheck.py"),
        env={"TOKENPULSE_HOST": host, "TOKENPULSE_PORT": str(port), "http_proxy": "http://127.0.0.1:1"},
    )  # fmt: skip
    return await process.wait()


async def test_the_health_check_tells_a_reader_from_nothing() -> None:
    """Exit code 0 while the reader answers, token or not; 1 once nobody does, or somebody else."""

    async def refuse(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 503 x\r\ncontent-length: 0\r\n\r\n")
        writer.close()

    with closing(open_listener("127.0.0.1", 0, flag="")) as listener:
        port = listener.getsockname()[1]
        app = create_app(Settings.load({}, redis_url="memory://deploy", api_token="s3cret"))
        async with reader_server(app, listener):
            serving = await health_of(port)
    stopped = await health_of(port)
    async with await asyncio.start_server(refuse, "127.0.0.1", port):
        refused = await health_of(port)

    assert (serving, stopped, refused) == (0, 1, 1)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "::1", "127.0.0.2", "localhost"])
async def test_the_health_check_asks_the_address_bound_to(host: str) -> None:
    """An open reader that answers to few names is asked by one of them, over IPv6 alone too."""
    settings = Settings.load(
        {}, redis_url="memory://deploy", host=host, allow_open=True, allowed_hosts="reader.internal"
    )

    try:
        listener = open_listener(host, 0, flag="")
    except ServingError:
        pytest.skip(f"this machine has no {host}")
    with closing(listener):
        async with reader_server(create_app(settings), listener):
            health = await health_of(listener.getsockname()[1], host)

    assert health == 0
