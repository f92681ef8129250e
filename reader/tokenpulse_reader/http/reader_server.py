"""Serve the reader's app: bounded connections, streams that end with the server."""

import socket
from typing import Final

from starlette.applications import Starlette

from tokenpulse_reader.http.connections import BoundedProtocol
from tokenpulse_reader.http.serving import BackgroundServer

SEND_BUFFER_BYTES: Final = 256 * 1024
"""Of one connection in the kernel, which else gives up to 4 MB to each client that does not read."""


def reader_server(
    app: Starlette, listener: socket.socket, *, protocol: type[BoundedProtocol] = BoundedProtocol
) -> BackgroundServer:
    """Return the server of an app that `create_app` made; what proxies say of the client is not looked at."""
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, SEND_BUFFER_BYTES)  # accepted sockets inherit it
    options = {"http": protocol, "proxy_headers": False, "server_header": False}
    return BackgroundServer(app, listener, name="the reader", before_stop=app.state.live.end, options=options)
