"""Tell by its path which requests are inference."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.registry import BUILT_IN, PLAIN_ROUTES, RouteOwner, told_routes

MAX_CACHED_PATHS: Final = 1024
"""Most paths remembered; beyond, a path is matched anew (some 10 µs)."""

MAX_CACHED_PATH_CHARACTERS: Final = 256

_MODEL: Final = "{model}"


class Endpoint(NamedTuple):
    """Say how to read a path's traffic; `path_model`: the model that the path names, None: it names none.

    `is_stream`: what the path alone says of streaming.
    """

    label: str
    dialect: Dialect
    operation: str
    path_model: str | None = None
    is_stream: bool | None = None


class Endpoints:
    """Find the endpoint of a path, whatever prefix it has.

    Args:
        dialects: the app's own; they come before the built-in ones.
        routes: the setting `endpoints`: further paths as `/path=dialect`, or `/path=none` for what is no inference.

    Raises:
        SettingsError: the setting names no known dialect.
    """

    def __init__(self, dialects: Iterable[Dialect] = (), routes: str | None = None) -> None:
        known = (*dialects, *BUILT_IN)
        told: list[RouteOwner] = [] if routes is None else told_routes(routes, known)
        mine: list[RouteOwner] = [(route, dialect) for dialect in known for route in dialect.routes]
        mine += [(route, None) for route in PLAIN_ROUTES]
        # The longer pattern first: `/chat/completions` also ends in `/completions`. What was told comes first.
        mine.sort(key=lambda owner: -len(owner[0].pattern))
        self._routes = [
            (*route.pattern.partition(_MODEL), route, dialect) for route, dialect in (*told, *mine)
        ]
        self._cache: dict[str, Endpoint | None] = {}

    def find(self, path: str) -> Endpoint | None:
        """Return the endpoint of a path, None if it is no inference."""
        try:
            return self._cache[path]
        except KeyError:
            endpoint = self._match(path)
        if len(self._cache) < MAX_CACHED_PATHS and len(path) <= MAX_CACHED_PATH_CHARACTERS:
            self._cache[path] = endpoint
        return endpoint

    @property
    def cached_paths(self) -> int:
        """Return how many paths are remembered."""
        return len(self._cache)

    def _match(self, path: str) -> Endpoint | None:
        for before, model, after, route, dialect in self._routes:
            if not path.endswith(after if model else before):
                continue
            named = _between(path, before, after) if model else None
            if model and not named:
                continue
            if dialect is None:
                return None
            label, operation = route.label or route.pattern, route.operation or dialect.operation
            return Endpoint(label, dialect, operation, named, route.is_stream)
        return None


def _between(path: str, before: str, after: str) -> str:
    """Return what stands between two ends of a path; it may hold slashes (an ARN of Bedrock's)."""
    end = len(path) - len(after)
    start = path.rfind(before, 0, end)
    return path[start + len(before) : end] if start >= 0 else ""
