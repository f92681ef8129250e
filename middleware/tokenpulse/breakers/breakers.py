"""Move breakers after a flush: read what Redis counted, ask the pure machine, write the new state.

Looked at are models with a provider fault or a slow call in the batch, and those whose breaker is not at rest (see
`restless_breakers`). So a healthy model costs next to nothing. A few are looked at in one round trip, with a pause for
other threads between two: reading many replies at once would keep the interpreter for milliseconds. Transitions compare
the circuit's version, so that two writers who look at once make one transition; who comes second looks again, so that
no probe's success is lost.
"""

from collections.abc import Iterable, Sequence
from typing import Final, NamedTuple

import redis

from tokenpulse.batches.operations import Calls
from tokenpulse.breakers.breaker_memory import BreakerMemory
from tokenpulse.breakers.restless_breakers import RestlessBreakers
from tokenpulse.guard import Guard
from tokenpulse.writing.refusals import note_refusal
from tokenpulse.writing.script_call import Script
from tokenpulse_shared.breaker import BreakerPolicy, Circuit, Move, advance, moves_of_advance
from tokenpulse_shared.breaker import Calls as RecentCalls
from tokenpulse_shared.breath import Breath
from tokenpulse_shared.circuits.circuit_codec import decode_circuit, recent_calls
from tokenpulse_shared.circuits.circuit_moves import transition_call
from tokenpulse_shared.keyspace import Keyspace

LOOKED_AT_ONCE: Final = 20
"""Breakers in one round trip: less than a millisecond of this thread's own work."""
ROUNDS: Final = 5
"""How often a writer looks again when others were faster; then its calls are left to the next look."""
TRANSITION: Final = Script("transition")


class _Change(NamedTuple):
    """Hold what a look makes of a breaker."""

    call: Calls
    after: Circuit
    moves: tuple[Move, ...]


class Breakers:
    """Advance the breakers of the models a batch touched; used by the flush thread only.

    `memory` is told of every move this process makes.
    """

    def __init__(
        self,
        client: redis.Redis,
        keyspace: Keyspace,
        guard: Guard,
        memory: BreakerMemory,
        policy: BreakerPolicy | None = None,
    ) -> None:
        self._client = client
        self._keys = keyspace
        self._guard = guard
        self._memory = memory
        self._policy = policy or BreakerPolicy()
        self._restless = RestlessBreakers(client, keyspace, guard)
        self._breathe = Breath()

    def look(self, provider: str, calls: Iterable[Calls], now: float) -> None:
        """Advance the provider's breakers; `now` is epoch seconds by Redis's clock.

        Raises:
            redis.RedisError: Redis could not be asked; the next flush with traffic looks again.
        """
        self._restless.ask(provider, now)
        self._settle(provider, [call for call in calls if self._restless.may_move(provider, call, now)], now)

    def review(self, provider: str, models: Iterable[str], now: float) -> None:
        """Advance breakers that time alone may move: open ones whose wait is over.

        Raises:
            redis.RedisError: Redis could not be asked.
        """
        self._settle(provider, [Calls(model, 0, 0, 0) for model in models], now)

    def _settle(self, provider: str, calls: Sequence[Calls], now: float) -> None:
        for begin in range(0, len(calls), LOOKED_AT_ONCE):
            self._breathe()
            self._settle_few(provider, calls[begin : begin + LOOKED_AT_ONCE], now)

    def _settle_few(self, provider: str, calls: Sequence[Calls], now: float) -> None:
        for _ in range(ROUNDS):
            if not calls:
                return
            calls = self._round(provider, calls, now)
        if calls:
            self._guard.count("breaker_contended", len(calls))

    def _round(self, provider: str, calls: Sequence[Calls], now: float) -> list[Calls]:
        """Look once; return the calls of those breakers that another writer moved meanwhile."""
        with self._client.pipeline(transaction=False) as pipeline:
            for call in calls:
                pipeline.hgetall(self._keys.circuit(provider, call.model))
            replies = pipeline.execute(raise_on_error=False)
        changes: list[_Change] = []
        for call, reply in zip(calls, replies, strict=True):
            if not isinstance(reply, dict):
                note_refusal(self._guard, "breaker_unreadable", "a breaker could not be read", reply)
            elif change := self._change(provider, call, reply, now):
                changes.append(change)
        return self._write(provider, changes, now) if changes else []

    def _change(self, provider: str, call: Calls, fields: dict[bytes, bytes], now: float) -> _Change | None:
        held = decode_circuit(fields, now, self._policy.window_seconds)
        since = held.circuit.changed_at  # what came before the last move was judged then
        window = recent_calls(fields, now, self._policy.window_seconds, since)
        recent = RecentCalls(
            window_successes=window.successes,
            window_faults=window.faults,
            window_latency=window.latency,
            window_ttft=window.ttft,
            streak=held.streak,
            new_successes=call.successes,
            new_faults=call.faults,
            new_latency=call.latency,
            new_ttft=call.ttft,
        )
        circuit = advance(held.circuit, recent, self._policy, now)
        self._restless.note((provider, call.model), circuit)
        if circuit is held.circuit:
            return None
        return _Change(call, circuit, moves_of_advance(held.circuit, circuit))

    def _write(self, provider: str, changes: Sequence[_Change], now: float) -> list[Calls]:
        """Write what changed; return the calls of those breakers that another writer moved first."""
        calls = [
            transition_call(self._keys, (provider, change.call.model), change.after, change.moves, now)
            for change in changes
        ]
        outrun: list[Calls] = []
        for change, reply in zip(changes, TRANSITION.call_all(self._client, calls), strict=True):
            if isinstance(reply, Exception):
                note_refusal(self._guard, "breaker_refused", "redis refused a breaker's move", reply)
            elif reply == 1:
                self._guard.count("breaker_transitions", len(change.moves))
                self._memory.put(provider, change.call.model, change.after, now)
            else:
                outrun.append(change.call)
        return outrun
