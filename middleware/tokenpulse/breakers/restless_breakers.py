"""Remember which breakers are not at rest: of these alone a success can be the cause of a move.

Strategy: the fleet keeps an index of them for each provider; it is asked now and then, for another writer may have
opened a breaker and gone. A breaker itself is looked at rarely, in case that Redis evicted the index.
Bounds: `MAX_REMEMBERED` names, with those of one look or one index: series lose their place, new ones come.
"""

from typing import Final

import redis

from tokenpulse.batches.operations import Calls
from tokenpulse.breakers.breaker_memory import Series
from tokenpulse.guard import Guard
from tokenpulse.writing.refusals import note_refusal
from tokenpulse_shared.breaker import Circuit
from tokenpulse_shared.circuits.circuit_index import decode_index
from tokenpulse_shared.keyspace import Keyspace

MAX_REMEMBERED: Final = 30_000
"""Names, of 265 bytes each: more than there are series by default, 20,000; past it all are forgotten."""
ASK_AGAIN_SECONDS: Final = 30.0
"""Half of the shortest time a breaker is open: it is known to be open by the time its probes begin."""
LOOK_AGAIN_SECONDS: Final = 600.0
"""How long a breaker that no index tells of is taken to be at rest."""
_AT_ONCE: Final = float("-inf")


class RestlessBreakers:
    """Say whose breaker is worth a look; used by the flush thread only."""

    def __init__(self, client: redis.Redis, keyspace: Keyspace, guard: Guard) -> None:
        self._client = client
        self._keys = keyspace
        self._guard = guard
        self._asked_at: dict[str, float] = {}
        self._moves_at: dict[Series, float] = {}
        """Breakers not at rest → from when on a success may move them, epoch seconds."""
        self._looked_at: dict[Series, float] = {}

    def ask(self, provider: str, now: float) -> None:
        """Ask the provider's index if it is time to; `now` is epoch seconds by Redis's clock.

        Raises:
            redis.RedisError: Redis could not be asked.
        """
        if len(self._looked_at) + len(self._moves_at) > MAX_REMEMBERED:
            for held in (self._looked_at, self._moves_at, self._asked_at):
                held.clear()
        if 0.0 <= now - self._asked_at.get(provider, _AT_ONCE) < ASK_AGAIN_SECONDS:
            return
        with self._client.pipeline(transaction=False) as pipeline:
            pipeline.hgetall(self._keys.moved_circuits(provider))
            [reply] = pipeline.execute(raise_on_error=False)
        self._asked_at[provider] = now
        if not isinstance(reply, dict):
            note_refusal(self._guard, "breaker_unreadable", "breakers could not be read", reply)
            return
        for model, told in decode_index(reply, now).items():
            if told.forced is None:
                self._moves_at[provider, model] = told.retry_at or _AT_ONCE

    def may_move(self, provider: str, call: Calls, now: float) -> bool:
        """Tell whether the calls may move their breaker: faults, slow calls, or successes of one not at rest."""
        name = provider, call.model
        is_bad = call.faults or call.latency.slow or call.ttft.slow
        is_due = now >= self._moves_at.get(name, float("inf"))
        is_forgotten = not 0.0 <= now - self._looked_at.setdefault(name, now) < LOOK_AGAIN_SECONDS
        if not (is_bad or is_due or is_forgotten):
            return False
        self._looked_at[name] = now
        return True

    def note(self, name: Series, circuit: Circuit) -> None:
        """Remember what a breaker is now; one that a person holds is moved by no call."""
        if circuit.state == "CLOSED" or circuit.forced:
            self._moves_at.pop(name, None)
        else:
            self._moves_at[name] = circuit.retry_at or _AT_ONCE
