"""Read the state of circuit breakers and the recent calls they judge."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, get_args

from tokenpulse_shared.breaker import NOT_TIMED, BreakerPolicy, BreakerState, Circuit, Forced, Slowness
from tokenpulse_shared.circuits.circuit_codec import decode_circuit
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_reads import RedisReads

CIRCUITS_PER_TRIP: Final = 75
"""About 2.5 ms of work on the event loop, measured with 10 fields each."""
_POLICY: Final = BreakerPolicy()
_STATES: Final = frozenset(state.encode() for state in get_args(BreakerState))
_LATEST: Final = 1e11
"""Epoch seconds in the year 5138: past it something else wrote the field."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CircuitStatus:
    """Tell a breaker's state as of a moment; times are epoch seconds.

    `failure_count`: provider faults in the last 60 s; `failure_ratio`: of the calls in them, None without
    calls. `slow_calls`, `slow_ttft`: calls in them that were too slow, of those timed; none where no limit is set.
    `last_updated`: the last call or change of state, None when neither is kept. `opened_at` and
    `retry_at`: None unless it has opened since it closed; `retry_at` is when probes may begin, None while it is
    forced. `forced`: what a person ordered it to stay.
    """

    provider: str
    model: str
    state: BreakerState = "CLOSED"
    failure_count: int = 0
    failure_ratio: float | None = None
    last_updated: float | None = None
    opened_at: float | None = None
    retry_at: float | None = None
    forced: Forced | None = None
    slow_calls: Slowness = NOT_TIMED
    slow_ttft: Slowness = NOT_TIMED

    @property
    def is_available(self) -> bool:
        """Tell whether calls may go there: not while it is open."""
        return self.state != "OPEN"


def circuit_status(
    provider: str, model: str, fields: Mapping[bytes, bytes], now: float, redis_now: float
) -> CircuitStatus:
    """Return the status a circuit's hash stands for; an empty hash is a breaker that never moved.

    `now`: what `opened_at` is measured against; `redis_now`: Redis' own time, which stamps recent calls.

    Raises:
        ValueError: a field holds something else; a state that is not known is never taken for CLOSED.
    """
    if fields.get(b"state", b"CLOSED") not in _STATES:
        raise ValueError(f"{fields[b'state']!r} is no state")
    held = decode_circuit(fields, redis_now, _POLICY.window_seconds)
    circuit, calls = held.circuit, held.calls
    for moment in (circuit.opened_at, held.seen, circuit.changed_at, circuit.open_seconds):
        if not 0.0 <= (moment or 0.0) <= _LATEST:
            raise ValueError(f"{moment!r} is no time")
    state = circuit.state
    if state == "OPEN" and not circuit.forced and (circuit.retry_at is None or now >= circuit.retry_at):
        state = "HALF_OPEN"
    is_closed = state == "CLOSED" or circuit.opened_at is None
    total = calls.successes + calls.faults
    return CircuitStatus(
        provider=provider,
        model=model,
        state=state,
        failure_count=calls.faults,
        failure_ratio=calls.faults / total if total else None,
        last_updated=max(held.seen or 0.0, circuit.changed_at) or None,
        opened_at=None if is_closed else circuit.opened_at,
        retry_at=_retry_at(circuit),
        forced=circuit.forced,
        slow_calls=calls.latency,
        slow_ttft=calls.ttft,
    )


def _retry_at(circuit: Circuit) -> float | None:
    """Return when probes may begin, or might have begun; None unless it has opened by itself."""
    if circuit.state == "CLOSED" or circuit.opened_at is None or circuit.forced:
        return None
    return circuit.opened_at + circuit.open_seconds


class CircuitsReader:
    """Load the breakers of known series, at most `CIRCUITS_PER_TRIP` in a round trip."""

    def __init__(self, reads: RedisReads, keyspace: Keyspace) -> None:
        self._reads = reads
        self._keyspace = keyspace

    async def load(self, names: Sequence[tuple[str, str]], now: float) -> list[CircuitStatus]:
        """Return one status for each (provider, model), in order; one whose key holds something else is left out.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        statuses: list[CircuitStatus] = []
        for start in range(0, len(names), CIRCUITS_PER_TRIP):
            some = names[start : start + CIRCUITS_PER_TRIP]
            keys = [self._keyspace.circuit(*pair) for pair in some]
            (seconds, _), *replies = await self._reads.batch([("TIME",), *(("HGETALL", key) for key in keys)])
            for pair, key, reply in zip(some, keys, replies, strict=True):
                status = self._status(pair, key, reply, (now, float(seconds)))
                if status is not None:
                    statuses.append(status)
        return statuses

    def _status(
        self, pair: tuple[str, str], key: str, reply: object, moments: tuple[float, float]
    ) -> CircuitStatus | None:
        if not self._reads.usable(key, reply, dict) or not isinstance(reply, dict):
            return None
        try:
            return circuit_status(*pair, reply, *moments)
        except ValueError as error:
            self._reads.corrupt_keys.note(key, error)
            return None
