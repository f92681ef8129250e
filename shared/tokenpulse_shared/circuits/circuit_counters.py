"""Read what breakers counted: their moves, the calls they saw, the calls they turned away.

All of it is counted in Redis, in the same step as what it tells of, so it survives restarts of writers and readers.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, cast

from tokenpulse_shared.breaker import BreakerState, Move
from tokenpulse_shared.circuits.circuit_codec import STATES
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_reads import RedisReads

_GUARD: Final = b"writer:"


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitCounters:
    """Count, since the provider was first seen, what its breakers did; every number only grows.

    `successes`, `failures`: calls by the state of their breaker when they were counted, provider faults only among
    the failures. `rejected`: calls that were turned away, by the middleware or by a `breaker.allow` that said no.
    """

    moves: Mapping[Move, int] = field(default_factory=dict)
    successes: Mapping[BreakerState, int] = field(default_factory=dict)
    failures: Mapping[BreakerState, int] = field(default_factory=dict)
    rejected: int = 0

    @property
    def let_through_while_open(self) -> int:
        """Return the calls that ended while their breaker was open: what enforcement would have turned away."""
        return self.successes.get("OPEN", 0) + self.failures.get("OPEN", 0)


def _counted(head: str, rest: str, counts: tuple[dict[Any, int], ...], count: int) -> None:
    """Put a count in its place.

    Raises:
        ValueError: it has none.
    """
    moves, successes, failures = counts
    if head == "moved":
        before, _, after = rest.partition(":")
        if before not in STATES or after not in STATES:
            raise ValueError(rest)
        moves[before, after] = count
    elif head in ("success", "failure") and rest in STATES:
        (successes if head == "success" else failures)[rest] = count
    else:
        raise ValueError(head)


def decode_circuit_counters(fields: Mapping[bytes, bytes]) -> tuple[CircuitCounters, int]:
    """Return what the hash holds, with the number of fields that nobody of ours wrote so."""
    moves: dict[Move, int] = {}
    successes: dict[BreakerState, int] = {}
    failures: dict[BreakerState, int] = {}
    rejected = unreadable = 0
    for name, value in fields.items():
        if name.startswith(_GUARD):
            continue
        try:
            if name == b"rejected":
                rejected = int(value)
                continue
            head, _, rest = name.decode().partition(":")
            _counted(head, rest, (moves, successes, failures), int(value))
        except ValueError:
            unreadable += 1
    return CircuitCounters(moves=moves, successes=successes, failures=failures, rejected=rejected), unreadable


async def load_circuit_counters(
    reads: RedisReads, keyspace: Keyspace, providers: Sequence[str]
) -> dict[str, CircuitCounters]:
    """Return the counters of providers whose breakers counted something, in order, in one round trip.

    Raises:
        StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
    """
    keys = [keyspace.circuit_totals(provider) for provider in providers]
    replies = await reads.batch([("HGETALL", key) for key in keys])
    counters: dict[str, CircuitCounters] = {}
    for provider, key, reply in zip(providers, keys, replies, strict=True):
        if not reads.usable(key, reply, dict) or not reply:
            continue
        counters[provider], unreadable = decode_circuit_counters(cast("dict[bytes, bytes]", reply))
        if unreadable:
            reads.corrupt_keys.note(key, f"{unreadable} fields")
    return counters
