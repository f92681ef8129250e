"""Move breakers after a flush: read what Redis counted, ask the pure machine, write the new state.

Looked at are models with a provider fault in the batch, those whose breaker is not at rest as far as this
process knows, and of the others those not looked at for `LOOK_AGAIN_SECONDS`: another writer may have opened
them and gone. So a healthy model costs next to nothing. Transitions compare the circuit's version, so that two
writers who look at once make one transition.
"""

from collections.abc import Iterable
from typing import Final

import redis

from tokenpulse.guard import Guard
from tokenpulse.operations import Calls
from tokenpulse.refusals import note_refusal
from tokenpulse.script_call import Script
from tokenpulse_shared.breaker import BreakerPolicy, Circuit, advance
from tokenpulse_shared.breaker import Calls as RecentCalls
from tokenpulse_shared.circuit_codec import circuit_fields, decode_circuit, recent_calls
from tokenpulse_shared.keyspace import CIRCUIT_RETENTION_SECONDS, Keyspace

LOOK_AGAIN_SECONDS: Final = 30.0
"""Half of the shortest time a breaker is open: it is known to be open by the time its probes begin."""
TRANSITION: Final = Script("transition")


class Breakers:
    """Advance the breakers of the models a batch touched; used by the flush thread only."""

    def __init__(
        self, client: redis.Redis, keyspace: Keyspace, guard: Guard, policy: BreakerPolicy | None = None
    ) -> None:
        self._client = client
        self._keys = keyspace
        self._guard = guard
        self._policy = policy or BreakerPolicy()
        self._restless: set[tuple[str, str]] = set()
        self._looked_at: dict[tuple[str, str], float] = {}

    def look(self, provider: str, calls: Iterable[Calls], now: float) -> None:
        """Advance the provider's breakers; `now` is epoch seconds by Redis's clock.

        Raises:
            redis.RedisError: Redis could not be asked; the next flush with traffic looks again.
        """
        touched = [call for call in calls if self._matters(provider, call, now)]
        if not touched:
            return
        with self._client.pipeline(transaction=False) as pipeline:
            for call in touched:
                pipeline.hgetall(self._keys.circuit(provider, call.model))
            replies = pipeline.execute(raise_on_error=False)
        for call, reply in zip(touched, replies, strict=True):
            if isinstance(reply, dict):
                self._advance(provider, call, reply, now)
            else:
                note_refusal(self._guard, "breaker_unreadable", "a breaker could not be read", reply)

    def _matters(self, provider: str, call: Calls, now: float) -> bool:
        name = (provider, call.model)
        is_due = now - self._looked_at.get(name, float("-inf")) >= LOOK_AGAIN_SECONDS
        if not (is_due or call.faults or name in self._restless):
            return False
        self._looked_at[name] = now
        return True

    def _advance(self, provider: str, call: Calls, fields: dict[bytes, bytes], now: float) -> None:
        held = decode_circuit(fields, now, self._policy.window_seconds)
        since = held.circuit.changed_at  # what came before the last move was judged then
        successes, faults = recent_calls(fields, now, self._policy.window_seconds, since)
        recent = RecentCalls(
            window_successes=successes,
            window_faults=faults,
            streak=held.streak,
            new_successes=call.successes,
            new_faults=call.faults,
        )
        circuit = advance(held.circuit, recent, self._policy, now)
        name = (provider, call.model)
        if circuit.state == "CLOSED":
            self._restless.discard(name)
        else:
            self._restless.add(name)
        if circuit is not held.circuit and self._write(provider, call.model, circuit):
            self._guard.count("breaker_transitions")

    def _write(self, provider: str, model: str, circuit: Circuit) -> bool:
        key = self._keys.circuit(provider, model)
        fields = [text for pair in circuit_fields(circuit).items() for text in pair]
        moved: int = TRANSITION.call(self._client, key, circuit.version, CIRCUIT_RETENTION_SECONDS, *fields)
        return moved == 1
