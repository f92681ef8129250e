"""Answer only who asks for this reader by a name of its own.

A page of the web whose name is made to lead to 127.0.0.1 (DNS rebinding) may read what an open reader on the loopback
answers: to the browser it is the page's own site. Its Host header still holds the page's name.
Strategy: each Host header of a request must hold a name that is allowed. A request without any is no browser's.
"""

from collections.abc import Collection
from typing import Final

from starlette.types import ASGIApp, Receive, Scope, Send

from tokenpulse_reader.http.problems import problem_response
from tokenpulse_reader.http.serving import is_loopback
from tokenpulse_shared.host_names import LOOPBACK_NAMES, host_list, host_name, named_host
from tokenpulse_shared.settings import Settings

_MISDIRECTED: Final = 421
_POLICY_VIOLATION: Final = 1008
_EVERY_ADDRESS: Final = ("0.0.0.0", "::")  # bound to, but nobody's name
_MESSAGE: Final = (
    "this reader has no token, so it answers to this machine's own names alone: ask for it as localhost, "
    "or name it in TOKENPULSE_ALLOWED_HOSTS"
)


def answered_names(settings: Settings) -> frozenset[str] | None:
    """Return the names that the reader answers to, None for any.

    Any with a token, which no foreign page has, or where the network may reach it anyway and no names are set.
    """
    if settings.api_token or settings.metrics_tokens:
        return None
    if settings.allowed_hosts is None and not is_loopback(settings.host):
        return None
    further = host_list(settings.allowed_hosts) if settings.allowed_hosts else ()
    return LOOPBACK_NAMES.union(_own_names(settings.host), further)


def _own_names(bound_to: str) -> tuple[str, ...]:
    if bound_to in _EVERY_ADDRESS:
        return ()
    try:
        return (host_name(bound_to.removesuffix(".")),)
    except ValueError:  # nobody asks by it: a Host header holds an international name in another form
        return ()


class HostCheck:
    """Wrap an app; `names`: None for any."""

    def __init__(self, app: ASGIApp, names: Collection[str] | None) -> None:
        self._app = app
        self._names = names
        self._last_answered: list[bytes] | None = None
        """The headers as they came last: scrapers and pages ask again by the same, and reading one takes 9 µs."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand on what asks for an allowed name; 421 to the rest (a refused handshake to a websocket)."""
        if self._names is None or scope["type"] == "lifespan" or self._is_asked_for(scope, self._names):
            await self._app(scope, receive, send)
        elif scope["type"] == "http":
            await problem_response(_MISDIRECTED, "unknown_host", _MESSAGE)(scope, receive, send)
        else:
            await send({"type": "websocket.close", "code": _POLICY_VIOLATION})

    def _is_asked_for(self, scope: Scope, names: Collection[str]) -> bool:
        hosts: list[bytes] = [value for name, value in scope["headers"] if name.lower() == b"host"]
        if hosts != self._last_answered:
            if not all(named_host(host) in names for host in hosts):
                return False
            self._last_answered = hosts
        return True
