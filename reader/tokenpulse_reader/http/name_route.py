"""Match paths that hold names of providers or models, whatever these are made of.

Starlette's own patterns match the decoded path, in which they let a name hold no line break and a provider no slash.
Which part of the path is which name is settled by `path_names`, before decoding.
"""

import re
from collections.abc import Awaitable, Callable, Collection
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

_OF_STARLETTE: Final = "[^/]+"
_OURS: Final = "[^/]*"
"""A name that begins with an encoded slash begins with nothing, decoded; matches in O(length), as `.+` would not."""


class NameRoute(Route):
    """A route like Starlette's whose path parameters match any text."""

    def __init__(
        self,
        path: str,
        endpoint: Callable[[Request], Awaitable[Response]],
        *,
        methods: Collection[str] | None = None,
        name: str | None = None,
    ) -> None:
        super().__init__(path, endpoint, methods=methods, name=name)
        self.path_regex = re.compile(self.path_regex.pattern.replace(_OF_STARLETTE, _OURS), re.DOTALL)
