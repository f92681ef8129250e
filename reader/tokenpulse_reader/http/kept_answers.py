"""Answer the hot paths from bytes kept since the same snapshot was asked for the first time.

Strategy: the first answer of a path passes and is kept as it is, head and body; the next ones for the same
snapshot are sent without routing, without making JSON. So an answer that is kept cannot differ from one made anew.
An answer without a length is a stream, which is not kept.
Bounds: the paths given, `MAX_VARIANTS` answers of each; a new snapshot drops them all. Bodies are those that the
exposition holds anyway, no copies.
"""

from collections.abc import Callable, Collection, Hashable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

MAX_VARIANTS: Final = 8
"""Of one path, by Accept with Accept-Encoding: two formats, plain or compressed, asked for in different words."""

_VARYING: Final = frozenset((b"accept", b"accept-encoding"))
_Kept = tuple[Message, ...]


@dataclass(slots=True)
class AnswerCounts:
    """Count answers on the hot paths: those sent from what was kept, those made anew."""

    hits: int = 0
    misses: int = 0


class KeptAnswers:
    """Wrap an app.

    `paths`: each with whether its answer depends on Accept or Accept-Encoding. `state`: what answers are made
    from at the moment, equal only to itself; None when none may be kept, because they tell their age. `counts`: the
    caller's, who reads it.
    """

    def __init__(
        self,
        app: ASGIApp,
        paths: Mapping[str, bool],
        state: Callable[[], Hashable | None],
        counts: AnswerCounts,
    ) -> None:
        self._app = app
        self._counts = counts
        self._paths = paths
        self._state = state
        self._kept_state: Hashable | None = None
        self._kept: dict[str, dict[Any, _Kept]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send what is kept; hand on the rest, and keep its answer if it may be."""
        key = self._key(scope)
        state = None if key is None else self._state()
        if key is None or state is None:
            self._counts.misses += key is not None
            await self._app(scope, receive, send)
            return
        if state != self._kept_state:
            self._kept_state, self._kept = state, {path: {} for path in self._paths}
        variants = self._kept[key[0]]
        kept = variants.get(key[1])
        self._counts.hits += kept is not None
        self._counts.misses += kept is None
        if kept is not None:
            for message in kept:
                await send(message)
            return

        def keep(whole: _Kept) -> None:
            if len(variants) < MAX_VARIANTS:
                variants[key[1]] = whole

        await self._app(scope, receive, _Capture(send, keep).send)

    def _key(self, scope: Scope) -> tuple[str, Any] | None:
        """Return path and variant of a request that may be answered from what is kept, else None."""
        if scope["type"] != "http" or scope["method"] != "GET" or scope["query_string"]:
            return None
        path: str = scope["path"].removeprefix(scope.get("root_path", ""))
        varies = self._paths.get(path)
        if varies is None:
            return None
        return path, _variant(scope["headers"]) if varies else None


def _variant(headers: Collection[tuple[bytes, bytes]]) -> tuple[tuple[bytes, bytes], ...]:
    return tuple(pair for pair in headers if pair[0].lower() in _VARYING)


class _Capture:
    """Hand an answer on; keep its messages, before the last is sent, if it is a 200 with a length."""

    def __init__(self, send: Send, keep: Callable[[_Kept], None]) -> None:
        self._send = send
        self._keep = keep
        self._messages: list[Message] | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._messages = [message] if _is_kept(message) else None
        elif self._messages is not None:
            self._messages.append(message)
            if not message.get("more_body", False):
                self._keep(tuple(self._messages))
                self._messages = None
        await self._send(message)


def _is_kept(start: Message) -> bool:
    return start["status"] == 200 and any(name == b"content-length" for name, _ in start["headers"])
