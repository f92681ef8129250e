"""Let nobody in without the token, once there is one: default-deny before routing.

Invariant: only GET and HEAD of `/healthz` pass without it; the decision looks at the path as routing will.
"""

import hashlib
import hmac
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from tokenpulse_reader.problems import problem_response

OPEN_PATH: Final = "/healthz"
_OPEN_METHODS: Final = frozenset(("GET", "HEAD"))


class BearerAuth:
    """Wrap an app; compares SHA-256 digests in constant time."""

    def __init__(self, app: ASGIApp, token: str) -> None:
        self._app = app
        self._digest = hashlib.sha256(token.encode()).digest()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what is allowed, answer 401 to the rest (a refused handshake to a websocket)."""
        if scope["type"] == "lifespan" or _is_open(scope) or self._is_authorized(scope):
            await self._app(scope, receive, send)
        elif scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": 1008})
        else:
            headers = {"WWW-Authenticate": 'Bearer realm="tokenpulse"'}
            response = problem_response(
                401, "unauthorized", "a valid bearer token is needed", headers=headers
            )
            await response(scope, receive, send)

    def _is_authorized(self, scope: Scope) -> bool:
        given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        scheme, _, token = given[0].partition(b" ") if len(given) == 1 else (b"", b"", b"")
        matches = hmac.compare_digest(hashlib.sha256(token).digest(), self._digest)
        return matches and scheme.lower() == b"bearer"


def _is_open(scope: Scope) -> bool:
    if scope["type"] != "http" or scope["method"] not in _OPEN_METHODS:
        return False
    path: str = scope["path"]
    return path.removeprefix(scope.get("root_path", "")) == OPEN_PATH
