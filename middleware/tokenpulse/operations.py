"""Collect the operations of one batch, in the shape that `scripts/apply.lua` reads."""

from typing import Any, Final, NamedTuple

import orjson

from tokenpulse_shared.breaker import SLOT_SECONDS
from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.keyspace import CIRCUIT_RETENTION_SECONDS
from tokenpulse_shared.sketch import ZERO, Buckets


class Calls(NamedTuple):
    """Count a model's calls in one batch, as its breaker wants to know them."""

    model: str
    successes: int
    faults: int
    streak: int


class Operations:
    """Collect the operations of one batch; times to live are text so that Lua passes them on as they are."""

    def __init__(self) -> None:
        self._increments: list[Any] = []
        self._sketches: list[Any] = []
        self._scores: list[Any] = []
        self._lists: list[Any] = []
        self._calls: list[Any] = []

    def increment(self, key: str, ttl_seconds: int, fields: dict[str, int]) -> None:
        """Add to a hash's fields."""
        self._increments.append((key, str(ttl_seconds), fields))

    def sketch(self, key: str, ttl_seconds: int, scale: int, capacity: int, buckets: Buckets) -> None:
        """Add to a sketch; past `capacity` fields (0: no limit) its scale is halved."""
        if buckets:
            fields = {"zero" if index == ZERO else str(index): count for index, count in buckets.items()}
            self._sketches.append((key, str(ttl_seconds), scale, capacity, fields))

    def score(self, key: str, ttl_seconds: int, members: dict[str, float]) -> None:
        """Raise members' scores in a sorted set."""
        self._scores.append((key, str(ttl_seconds), members))

    def push(self, key: str, ttl_seconds: int, kept: int, items: list[str]) -> None:
        """Put items (oldest first) at the head of a list of bounded length."""
        if items:
            self._lists.append((key, str(ttl_seconds), kept, items))

    def calls(self, key: str, calls: Calls) -> None:
        """Count calls in a breaker's window."""
        self._calls.append(
            (key, str(CIRCUIT_RETENTION_SECONDS), SLOT_SECONDS, calls.successes, calls.faults, calls.streak)
        )

    def encode(self) -> bytes:
        """Return the JSON that the script reads."""
        return orjson.dumps(
            {
                "increments": self._increments,
                "sketches": self._sketches,
                "scores": self._scores,
                "lists": self._lists,
                "calls": self._calls,
            }
        )


NO_OPERATIONS: Final = Operations().encode()
"""What a batch carries that is only to find out whether the server still has those before it."""


def bounded(count: int) -> int:
    """Return an increment that every part of the way to Redis keeps exactly."""
    return min(count, MAX_COUNT)
