"""Have Redis pack windows that are over.

Packing changes no count and may be asked for by any writer, any number of times; when it fails the windows
stay readable as they are. Bounds: at most `WINDOWS_PER_CALL` windows a call, so that Redis is held for 1 to
3 milliseconds; a provider is asked for every `SEAL_SECONDS`, at once again while a full call shows that more is due.
"""

import time
from collections.abc import Callable
from typing import Any, Final

import redis

from tokenpulse.guard import Guard
from tokenpulse.writing.refusals import note_refusal
from tokenpulse.writing.script_call import Call, Script
from tokenpulse_shared.counters import SKETCHED, WINDOW_COUNTERS
from tokenpulse_shared.keyspace import HOUR_RETENTION_SECONDS, MINUTE_RETENTION_SECONDS, Keyspace

WINDOWS_PER_CALL: Final = 8
SEAL_SECONDS: Final = 5.0
MOST_WAIT_SECONDS: Final = 10.0
"""How long packing makes way for counts that wait: after an outage both at once would ask much of Redis."""
IDLE_SECONDS: Final = 7200.0
"""How long after its last batch a provider is still asked for: its open hour ends within that."""
SEAL: Final = Script("seal")


class Sealer:
    """Remember whose windows may be due; used by the flush thread only."""

    def __init__(
        self,
        client: redis.Redis,
        keyspace: Keyspace,
        guard: Guard,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._client = client
        self._keys = keyspace
        self._guard = guard
        self._monotonic = monotonic
        self._wrote_at: dict[str, float] = {}
        self._due_at: dict[str, float] = {}
        self._waiting_since: float | None = None

    def note(self, provider: str) -> None:
        """Remember that the provider has open windows."""
        now = self._monotonic()
        self._wrote_at[provider] = now
        self._due_at.setdefault(provider, now + SEAL_SECONDS)

    def seal_due(self, *, may_wait: bool = False) -> None:
        """Pack what is due, unless it `may_wait`: counts are to be sent first.

        Raises:
            redis.RedisError: Redis could not be reached.
        """
        now = self._monotonic()
        if may_wait and self._waiting_since is None:
            self._waiting_since = now
        if may_wait and now - (self._waiting_since or now) < MOST_WAIT_SECONDS:
            return
        self._waiting_since = None
        due = [provider for provider, at in self._due_at.items() if at <= now]
        if not due:
            return
        replies = SEAL.call_all(self._client, [self._call(provider) for provider in due])
        for provider, reply in zip(due, replies, strict=True):
            self._settle(provider, reply, now)

    def _settle(self, provider: str, reply: Any, now: float) -> None:
        self._due_at[provider] = now + SEAL_SECONDS
        if isinstance(reply, Exception):
            note_refusal(self._guard, "seal_refused", "windows could not be packed", reply)
            return
        sealed, left = int(reply[0]), int(reply[1])
        self._guard.count("sealed_windows", sealed)
        if left:
            self._guard.count("fault:window_not_sealable", left)
        if sealed + left >= WINDOWS_PER_CALL:
            self._due_at[provider] = now
        elif now - self._wrote_at[provider] > IDLE_SECONDS:
            del self._due_at[provider], self._wrote_at[provider]

    def _call(self, provider: str) -> Call:
        return (
            self._keys.open_windows(provider),
            (
                WINDOWS_PER_CALL,
                MINUTE_RETENTION_SECONDS,
                HOUR_RETENTION_SECONDS + 86400,  # a block lives until its last hour's time is over
                *(self._keys.window_base(kind, provider) for kind in ("metrics", "minutes", "hours")),
                len(WINDOW_COUNTERS),
                *WINDOW_COUNTERS,
                *(self._keys.window_base(quantity, provider) for quantity in SKETCHED),
            ),
        )
