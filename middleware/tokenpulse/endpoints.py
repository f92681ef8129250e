"""Tell by its path which requests are inference."""

import re
from typing import Final, NamedTuple

from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.openai_chat import OpenAIChat
from tokenpulse.dialects.openai_completions import OpenAICompletions
from tokenpulse.dialects.openai_embeddings import OpenAIEmbeddings

MAX_CACHED_PATHS: Final = 1024
"""Most paths remembered; beyond, a path is matched anew (1 µs)."""

MAX_CACHED_PATH_CHARACTERS: Final = 256

_DEPLOYMENT: Final = re.compile(r"/deployments/([^/]+)/")


class Endpoint(NamedTuple):
    """Say how to read a path's traffic; `path_model`: the model an Azure deployment path names."""

    label: str
    dialect: Dialect
    path_model: str | None = None


class Endpoints:
    """Find the endpoint of a path, whatever prefix it has."""

    def __init__(self) -> None:
        # The longer suffix first: `/chat/completions` also ends in `/completions`.
        self._by_suffix: tuple[tuple[str, Endpoint], ...] = (
            ("/chat/completions", Endpoint("/v1/chat/completions", OpenAIChat())),
            ("/completions", Endpoint("/v1/completions", OpenAICompletions())),
            ("/embeddings", Endpoint("/v1/embeddings", OpenAIEmbeddings())),
        )
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
        for suffix, endpoint in self._by_suffix:
            if path.endswith(suffix):
                deployment = _DEPLOYMENT.search(path)
                return endpoint if deployment is None else endpoint._replace(path_model=deployment[1])
        return None
