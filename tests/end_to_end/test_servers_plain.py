"""Plain requests over every server, with and without a body: the same bytes as unwrapped, one record each."""

from collections.abc import Callable

import pytest

from tests.support.servers import Server, on_every_server, unique_name
from tests.support.surroundings_app import BARE
from tests.support.wire import Protocol, converse


@on_every_server
@pytest.mark.parametrize(
    ("method", "path", "status", "length"),
    [
        ("GET", "/answer/{}", 200, 326),
        ("HEAD", "/answer/{}", 200, 0),
        ("HEAD", "/stream/{}", 200, 0),
        ("HEAD", "/file/{}", 200, 0),
        ("GET", "/empty/204-{}", 204, 0),
        ("GET", "/empty/205-{}", 205, 0),
        ("GET", "/empty/304-{}", 304, 0),
        ("HEAD", "/empty/204-{}", 204, 0),
        ("GET", "/raise_before/{}", None, 0),
        ("GET", "/raise_after/{}", 200, 139),
        ("GET", "/no_start/{}", None, 0),
        ("GET", "/no_end/{}", 200, 139),
    ],
)
def test_plain_is_the_same_on_the_wire(
    serve: Callable[[str], Server],
    name: str,
    protocol: Protocol,
    method: str,
    path: str,
    status: int | None,
    length: int,
) -> None:
    """Requests that are no inference, with and without a body: the same bytes; status and size are counted."""
    if (name, protocol, method) == ("granian", "h2", "HEAD"):
        pytest.skip("granian sends the body of an answer to HEAD over HTTP/2, which no client accepts")
    server, path = serve(name), path.format(unique_name("plain"))
    with_us = converse(protocol, server.port, method, path)
    without = converse(protocol, server.port, method, BARE + path)
    exchange = server.exchange(path)

    assert with_us == without
    assert (exchange["method"], exchange["status_code"], exchange["response_bytes"]) == (
        method,
        status,
        length,
    )
    assert exchange["exception_type"] == ("RuntimeError" if "raise" in path else None)
    if method == "HEAD" or status in (204, 304):
        assert with_us.body == b""


@on_every_server
def test_file_the_server_sends(serve: Callable[[str], Server], name: str, protocol: Protocol) -> None:
    """A path given to the server (granian takes one) is sent by it; its size is unknown, not 0."""
    server, path = serve(name), f"/file/{unique_name('file')}"
    with_us = converse(protocol, server.port, "GET", path)
    without = converse(protocol, server.port, "GET", BARE + path)
    exchange = server.exchange(path)

    assert with_us == without
    assert (b"class Conversations" in with_us.body) == (name == "granian")
    assert exchange["status_code"] == 200
    assert exchange["response_bytes"] == (None if name == "granian" else len(b"no file"))
