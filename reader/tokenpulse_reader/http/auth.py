"""Let nobody in whom `Access` does not allow: before routing, so that no route can be forgotten.

Invariant: the decision looks at the path as routing will. Neither Host nor any forwarding header opens anything.
"""

from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from tokenpulse_reader.http.access import Access, has_effect
from tokenpulse_reader.http.cross_site import is_cross_site
from tokenpulse_reader.http.problems import problem_response

_CHALLENGE: Final = {"WWW-Authenticate": 'Bearer realm="tokenpulse"'}
_POLICY_VIOLATION: Final = 1008


class BearerAuth:
    """Wrap an app."""

    def __init__(self, app: ASGIApp, access: Access) -> None:
        self._app = app
        self._access = access

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what is allowed, answer 401 or 403 to the rest (a refused handshake to a websocket)."""
        if scope["type"] == "http":
            await self._handle(scope, receive, send)
        elif scope["type"] == "lifespan" or self._judge(scope, "GET", "") == "allowed":
            await self._app(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

    async def _handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        method: str = scope["method"]
        if has_effect(method) and is_cross_site(scope["headers"]):
            message = "a page of another site may not write here"
            await problem_response(403, "cross_site", message)(scope, receive, send)
            return
        path: str = scope["path"]
        verdict = self._judge(scope, method, path.removeprefix(scope.get("root_path", "")))
        if verdict == "allowed":
            await self._app(scope, receive, send)
        elif verdict == "unauthorized":
            message = "a valid bearer token is needed"
            await problem_response(401, "unauthorized", message, headers=_CHALLENGE)(scope, receive, send)
        else:
            message = "writes need a bearer token, and this reader has none: set TOKENPULSE_API_TOKEN"
            await problem_response(403, "no_token_configured", message)(scope, receive, send)

    def _judge(self, scope: Scope, method: str, path: str) -> str:
        given = [value for name, value in scope["headers"] if name.lower() == b"authorization"]
        return self._access.judge(method, path, given)
