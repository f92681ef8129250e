"""Collect the operations of one batch, in the shape that `scripts/apply.lua` reads.

Strategy: each operation becomes bytes at once, so that a large batch leaves nothing for the garbage collector to
look through, and no single step of it holds the interpreter for long.
Layout: JSON; where there are packed records, a NUL byte and their bytes follow it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import orjson

from tokenpulse_shared.breaker import NOT_TIMED, SLOT_SECONDS, Slowness
from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.keyspace import CIRCUIT_RETENTION_SECONDS, TOTALS_RETENTION_SECONDS
from tokenpulse_shared.sketch import ZERO, Buckets

LONGEST_BLOCK_BYTES: Final = 49_152
"""A block of packed windows that is longer takes no more records from writers: see `Operations.record`.

An hour's minutes at 800 bytes each; past it, an outage of hundreds of writers would grow it by each of them.
"""
Kind = Literal["increments", "sums", "sketches", "scores", "lists", "calls", "records", "notes"]
_ALWAYS: Final[tuple[Kind, ...]] = ("increments", "sketches", "scores", "lists", "calls")


class Calls(NamedTuple):
    """Count a model's calls in one batch, as its breaker wants to know them.

    `streak`: faults since the last success. `latency`, `ttft`: the calls that were too slow, of those timed.
    """

    model: str
    successes: int
    faults: int
    streak: int
    latency: Slowness = NOT_TIMED
    ttft: Slowness = NOT_TIMED

    def then(self, later: "Calls") -> "Calls":
        """Return both together; a row of faults goes on unless the later calls had a success."""
        streak = later.streak if later.successes else self.streak + later.streak
        successes, faults = self.successes + later.successes, self.faults + later.faults
        latency, ttft = _together(self.latency, later.latency), _together(self.ttft, later.ttft)
        return Calls(self.model, successes, faults, streak, latency, ttft)


def joined_calls(calls: Iterable[Calls]) -> dict[str, Calls]:
    """Return calls by model, those of the same one put together in their order."""
    joined: dict[str, Calls] = {}
    for call in calls:
        earlier = joined.get(call.model)
        joined[call.model] = earlier.then(call) if earlier else call
    return joined


def _together(one: Slowness, other: Slowness) -> Slowness:
    return Slowness(one.slow + other.slow, one.timed + other.timed)


class Operations:
    """Collect the operations of one batch; times to live are text so that Lua passes them on as they are.

    `fields`: how many single values Redis will have to change, which its time for the batch follows.
    """

    def __init__(self) -> None:
        self.fields = 0
        self._encoded: dict[Kind, list[bytes]] = {kind: [] for kind in _ALWAYS}
        self._names: dict[int, str] = {}
        self._spread = b"null"
        self._packed: list[bytes] = []
        self._packed_bytes = 0

    def increment(self, key: str, ttl_seconds: int, fields: dict[str, int]) -> None:
        """Add to a hash's fields."""
        self._add("increments", len(fields), key, str(ttl_seconds), fields)

    def add_up(self, key: str, ttl_seconds: int, counts: Mapping[int, int], names: Mapping[int, str]) -> None:
        """Add to a hash's fields, told by number: `names` gives each its field, the same in the whole batch.

        For many hashes with the same fields: each name is sent once, and the numbers are half as long.
        """
        self._encoded.setdefault("sums", [])
        self._names.update((code, names[code]) for code in counts.keys() - self._names.keys())
        self._add("sums", len(counts), key, str(ttl_seconds), list(counts), list(counts.values()))

    def sketch(self, key: str, ttl_seconds: int, scale: int, capacity: int, buckets: Buckets) -> None:
        """Add to a sketch; past `capacity` fields (0: no limit) its scale is halved."""
        if buckets:
            fields = {"zero" if index == ZERO else str(index): count for index, count in buckets.items()}
            self._add("sketches", len(buckets), key, str(ttl_seconds), scale, capacity, fields)

    def score(self, key: str, ttl_seconds: int, members: dict[str, float]) -> None:
        """Raise members' scores in a sorted set."""
        self._add("scores", len(members), key, str(ttl_seconds), members)

    def note(self, key: str, field: str, text: str) -> None:
        """Set a field of a hash that the batch adds to; the last one stays."""
        self._encoded.setdefault("notes", [])
        self._add("notes", 1, key, field, text)

    def push(self, key: str, ttl_seconds: int, kept: int, items: list[str]) -> None:
        """Put items (oldest first) at the head of a list of bounded length."""
        if items:
            self._add("lists", len(items), key, str(ttl_seconds), kept, items)

    def calls(self, key: str, counters_key: str, calls: Calls) -> None:
        """Count calls in a breaker's window, and by its state among what its provider's breakers counted."""
        counts = calls.successes, calls.faults, calls.streak
        numbers = *calls.latency, *calls.ttft
        slow = ":".join(map(str, numbers)) if any(numbers) else ""
        counters = counters_key, str(TOTALS_RETENTION_SECONDS)
        self._add("calls", 6, key, str(CIRCUIT_RETENTION_SECONDS), SLOT_SECONDS, *counts, *counters, slow)

    def record(
        self, key: str, ttl_seconds: int, member: str, scale: int, capacity: int, records: bytes
    ) -> None:
        """Append packed windows to their block, all of the same kind; `records`: see `sealed`.

        Where the block is `LONGEST_BLOCK_BYTES` already they are added to the hashes of their windows instead,
        to be packed together with other writers': `member` is what those keys end with, but for the window's id,
        `scale` and `capacity` are those of the hashes' sketches.
        """
        self._encoded.setdefault("records", [])
        where = self._packed_bytes, len(records)
        self._add("records", 4, key, str(ttl_seconds), member, scale, capacity, *where)
        self._packed.append(records)
        self._packed_bytes += len(records)

    def spread_by(self, key: str, ttl_seconds: int, bases: Sequence[str], counters: Sequence[str]) -> None:
        """Say how hashes of windows are named, for records that cannot be appended.

        `key`: the index of open windows; `bases`: what keys of counters, then of each sketch start with;
        `counters`: their names by place.
        """
        self._spread = orjson.dumps((key, str(ttl_seconds), bases, counters))

    def encode(self) -> bytes:
        """Return what the script reads."""
        parts = [b'"%s":[%s]' % (kind.encode(), b",".join(held)) for kind, held in self._encoded.items()]
        if self._names:
            parts.append(b'"codes":%s' % orjson.dumps(list(self._names)))
            parts.append(b'"names":%s' % orjson.dumps(list(self._names.values())))
        if not self._packed:
            return b"{%s}" % b",".join(parts)
        parts += (b'"longest":%d' % LONGEST_BLOCK_BYTES, b'"spread":' + self._spread)
        return b"{%s}\0%s" % (b",".join(parts), b"".join(self._packed))

    def _add(self, kind: Kind, fields: int, *operation: Any) -> None:
        self.fields += fields
        self._encoded[kind].append(orjson.dumps(operation))


NO_OPERATIONS: Final = Operations().encode()
"""What a batch carries that is only to find out whether the server still has those before it."""


def bounded(count: int) -> int:
    """Return an increment that every part of the way to Redis keeps exactly."""
    return min(count, MAX_COUNT)
