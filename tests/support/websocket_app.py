"""A websocket app whose path says how it behaves, wrapped; under `/bare` the same one unwrapped.

It prints with which code each connection ended for it: `left [path, code, reason]`.
"""

from typing import Final

from tests.support.surroundings_app import PrintingRecorder, complete_lifespan, either
from tests.support.written_lines import print_line
from tokenpulse import TokenPulseMiddleware
from tokenpulse.asgi import Receive, Scope, Send

DENIAL: Final = b'{"error": "no seat"}'


async def _echo(scope: Scope, receive: Receive, send: Send) -> None:
    """Send back what comes until the client goes."""
    await send({"type": "websocket.accept", "subprotocol": "realtime", "headers": [(b"x-seat", b"7")]})
    while (message := await receive())["type"] == "websocket.receive":
        if message.get("text") is not None:
            await send({"type": "websocket.send", "text": message["text"]})
        else:
            await send({"type": "websocket.send", "bytes": message["bytes"]})
    print_line("left", [scope["path"], message["code"], message.get("reason")])


async def _close(scope: Scope, receive: Receive, send: Send) -> None:
    """Send one message, then close with a code of the app's own."""
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": "last words"})
    await send({"type": "websocket.close", "code": 4001, "reason": "full"})


async def _reject(scope: Scope, receive: Receive, send: Send) -> None:
    """Close before the handshake is answered."""
    await send({"type": "websocket.close", "code": 4003})


async def _deny(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer the handshake with a response, where the server can."""
    if "websocket.http.response" not in (scope.get("extensions") or {}):
        await _reject(scope, receive, send)
        return
    headers = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(DENIAL))]
    await send({"type": "websocket.http.response.start", "status": 429, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": DENIAL})


async def _raise(scope: Scope, receive: Receive, send: Send) -> None:
    """Raise in an open connection."""
    await send({"type": "websocket.accept"})
    await receive()
    raise RuntimeError("in an open connection")


_BEHAVIOURS: Final = {"echo": _echo, "close": _close, "reject": _reject, "deny": _deny, "raise": _raise}


async def _app(scope: Scope, receive: Receive, send: Send) -> None:
    """Behave; the path is `/<behaviour>/v1/chat/completions`."""
    if scope["type"] == "lifespan":
        await complete_lifespan(receive, send)
        return
    assert (await receive())["type"] == "websocket.connect"
    await _BEHAVIOURS[scope["path"].split("/")[1]](scope, receive, send)


app: Final = either(TokenPulseMiddleware(_app, recorder=PrintingRecorder()), _app)
