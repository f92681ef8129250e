"""Keep the books of what was sent, read the books that Redis keeps."""

from collections import Counter
from collections.abc import Mapping
from typing import cast

import orjson
import redis

from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.totals.totals import CREATED

Series = tuple[str, str | None]
"""Provider and model; model None: the provider as a whole."""


class Ledger:
    """Add up what was sent, by series and counter name."""

    def __init__(self) -> None:
        self._books: dict[Series, Counter[str]] = {}

    def note(self, provider: str, model: str, **counters: int) -> None:
        """Note one request: it and its counters count for the model and for the provider."""
        for series in ((provider, model), (provider, None)):
            book = self._books.setdefault(series, Counter())
            book["total_requests"] += 1
            for name, amount in counters.items():
                book[name] += amount

    def counters(self) -> dict[Series, dict[str, int]]:
        """Return the books: only what is not zero."""
        return {series: _nonzero(book) for series, book in self._books.items()}

    def total(self) -> int:
        """Return how many requests were noted."""
        return sum(book["total_requests"] for (_, model), book in self._books.items() if model is None)


def _nonzero(book: Mapping[str, int]) -> dict[str, int]:
    return {name: amount for name, amount in book.items() if amount}


def load_totals(client: redis.Redis, keyspace: Keyspace | None = None) -> dict[Series, dict[str, int]]:
    """Return every totals hash that the indexes name, without the writers' guards, without when it began."""
    keys = keyspace or Keyspace()
    loaded: dict[Series, dict[str, int]] = {}
    for provider in _members(client, keys.providers()):
        for model in (None, *_members(client, keys.models(provider))):
            fields = _hash(client, keys.totals(provider, model))
            if fields:
                loaded[provider, model] = {
                    name.decode(): int(amount)
                    for name, amount in fields.items()
                    if not name.startswith(b"writer:") and name != CREATED.encode()
                }
    return loaded


def load_counters(client: redis.Redis, *names: str) -> dict[Series, dict[str, int]]:
    """Return the named counters of every totals hash: only what is not zero."""
    return {
        series: _nonzero({name: fields.get(name, 0) for name in names})
        for series, fields in load_totals(client).items()
    }


def load_request_count(client: redis.Redis) -> int:
    """Return how many requests all providers' totals count."""
    return sum(
        fields.get("total_requests", 0) for (_, model), fields in load_totals(client).items() if model is None
    )


def load_http_requests(client: redis.Redis, app_name: str = "app") -> dict[tuple[str, str, int], int]:
    """Return the plain HTTP counts of an app: (method, route, status) → exchanges."""
    counted: dict[tuple[str, str, int], int] = {}
    for field, amount in _hash(client, Keyspace().http_totals(app_name)).items():
        if field.startswith(b'["requests"'):
            _, method, route, status = orjson.loads(field)
            counted[method, route, status] = int(amount)
    return counted


def _hash(client: redis.Redis, key: str) -> dict[bytes, bytes]:
    return cast("dict[bytes, bytes]", client.hgetall(key))


def _members(client: redis.Redis, key: str) -> list[str]:
    return [member.decode() for member in cast("list[bytes]", client.zrange(key, 0, -1))]
