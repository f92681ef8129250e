"""Read the state of circuit breakers and the recent calls they judge."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from tokenpulse_shared.breaker import SLOT_SECONDS, BreakerPolicy, BreakerState
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_reads import RedisReads

_SLOT: Final = re.compile(rb"(\d+):(\d+):(\d+)")
_STATES: Final[dict[bytes, BreakerState]] = {b"CLOSED": "CLOSED", b"OPEN": "OPEN", b"HALF_OPEN": "HALF_OPEN"}
_WINDOW_SLOTS: Final = BreakerPolicy().window_seconds // SLOT_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitStatus:
    """Tell a breaker's state as of a moment; times are epoch seconds.

    `failure_count`: provider faults in the last 60 s; `failure_ratio`: of the calls in them, None without
    calls. `last_updated`: the last call or change of state, None when neither is kept. `opened_at` and
    `retry_at`: None unless it has opened since it closed; `retry_at` is when probes may begin.
    """

    provider: str
    model: str
    state: BreakerState = "CLOSED"
    failure_count: int = 0
    failure_ratio: float | None = None
    last_updated: float | None = None
    opened_at: float | None = None
    retry_at: float | None = None

    @property
    def is_available(self) -> bool:
        """Tell whether calls may go there: not while it is open."""
        return self.state != "OPEN"


def _number(fields: Mapping[bytes, bytes], name: bytes) -> float | None:
    return float(fields[name]) if name in fields else None


def _recent_calls(fields: Mapping[bytes, bytes], redis_now: float) -> tuple[int, int]:
    """Return (successes, faults) of the slots within the window; slots are stamped by Redis' clock."""
    newest = int(redis_now // SLOT_SECONDS)
    successes = faults = 0
    for name, value in fields.items():
        if not name.startswith(b"slot:"):
            continue
        match = _SLOT.fullmatch(value)
        if match is None:
            raise ValueError(f"{name!r} is no slot")
        if newest - _WINDOW_SLOTS < int(match[1]) <= newest:
            successes += int(match[2])
            faults += int(match[3])
    return successes, faults


def circuit_status(
    provider: str, model: str, fields: Mapping[bytes, bytes], now: float, redis_now: float
) -> CircuitStatus:
    """Return the status a circuit's hash stands for; an empty hash is a breaker that never moved.

    `now`: what `opened_at` is measured against; `redis_now`: Redis' own time, which stamps the slots.

    Raises:
        ValueError: a field holds something else.
    """
    successes, faults = _recent_calls(fields, redis_now)
    state = _STATES.get(fields.get(b"state", b"CLOSED"))
    if state is None:
        raise ValueError("`state` is no breaker's state")
    opened_at, open_seconds = _number(fields, b"opened_at"), _number(fields, b"open_seconds")
    retry_at = None if opened_at is None or not open_seconds else opened_at + open_seconds
    if state == "OPEN" and (retry_at is None or now >= retry_at):
        state = "HALF_OPEN"
    if state == "CLOSED":
        opened_at = retry_at = None
    moments = [at for at in (_number(fields, b"seen"), _number(fields, b"changed_at")) if at]
    return CircuitStatus(
        provider=provider,
        model=model,
        state=state,
        failure_count=faults,
        failure_ratio=faults / (successes + faults) if successes + faults else None,
        last_updated=max(moments, default=None),
        opened_at=opened_at,
        retry_at=retry_at,
    )


class CircuitsReader:
    """Load the breakers of known series."""

    def __init__(self, reads: RedisReads, keyspace: Keyspace) -> None:
        self._reads = reads
        self._keyspace = keyspace

    async def load(self, provider: str, models: Sequence[str], now: float) -> list[CircuitStatus]:
        """Return one status for each model, in order; one whose key holds something else is left out.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        if not models:
            return []
        keys = [self._keyspace.circuit(provider, model) for model in models]
        (seconds, _), *replies = await self._reads.batch([("TIME",), *(("HGETALL", key) for key in keys)])
        return list(self._statuses(provider, models, keys, replies, (now, float(seconds))))

    def _statuses(
        self,
        provider: str,
        models: Sequence[str],
        keys: Sequence[str],
        replies: Sequence[object],
        moments: tuple[float, float],
    ) -> Iterator[CircuitStatus]:
        for model, key, reply in zip(models, keys, replies, strict=True):
            if not self._reads.usable(key, reply, dict) or not isinstance(reply, dict):
                continue
            try:
                yield circuit_status(provider, model, reply, *moments)
            except ValueError as error:
                self._reads.corrupt_keys.note(key, error)
