"""Keep who signed up for a trial, started it, converted, let it expire: each event of a user counted once.

Strategy: a user is the HMAC-SHA256 of the id given, under a key of the operator's (`trial_hash_key`) or, without one,
under random bytes that stay in Redis; the id itself is never written. One script notes the event with the user and
counts it for the day, so that any number of readers count exactly, a repeated event not at all.

Bounds: users are remembered for `DAY_RETENTION_SECONDS` after their last event, at most `MAX_USERS` of them; a day
has at most `MAX_DAY_FIELDS` counters, further plans count as `__other__`.
"""

import hmac
import secrets
from typing import Any, Final

from tokenpulse_shared import scripts
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.keyspace import DAY_RETENTION_SECONDS, Keyspace, stamp
from tokenpulse_shared.redis_reads import RedisReads
from tokenpulse_shared.trial_records import (
    TRIAL_EVENTS,
    TRIAL_STATES,
    TrialEvent,
    TrialPeriod,
    compute_period,
    decode_day,
)

MAX_USERS: Final = 100_000
"""About 50 MB of Redis: 490 bytes a user, measured with two events each."""
MAX_DAY_FIELDS: Final = 400
_DAY_SECONDS: Final = 86400
_DIGEST_CHARACTERS: Final = 32
"""128 bits: no two of 100,000 users share a digest."""


class TrialsFullError(StoreUnavailableError):
    """Say that as many users are remembered as may be."""


class Trials:
    """Write and read trials; safe for concurrent calls on one event loop.

    `hash_key`: the operator's secret; None: one is made and kept in Redis.
    """

    def __init__(self, reads: RedisReads, keyspace: Keyspace, hash_key: str | None) -> None:
        self._reads = reads
        self._keyspace = keyspace
        self._hash_key = None if hash_key is None else hash_key.encode()

    async def record(self, user_id: str, event: TrialEvent, plan: str | None, now: float) -> bool:
        """Count the event; return whether it was new. `now`: epoch seconds; `plan`: None where it is not known.

        Raises:
            TrialsFullError: `MAX_USERS` are remembered already.
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        key = self._hash_key or await self._kept_key()
        digest = hmac.new(key, user_id.encode("utf-8", "surrogatepass"), "sha256").hexdigest()
        base = self._keyspace.trials()
        answer = await self._reads.one(
            "EVAL", scripts.source("trial"), 1, base, digest[:_DIGEST_CHARACTERS], event, str(int(now)),
            stamp("day", now), plan or "", DAY_RETENTION_SECONDS, MAX_USERS, MAX_DAY_FIELDS,
        )  # fmt: skip
        if not self._reads.usable(base, answer, int):
            raise StoreUnavailableError("a key of the trials holds something else")
        if answer < 0:
            raise TrialsFullError("as many users are remembered as may be")
        return bool(answer)

    async def _kept_key(self) -> bytes:
        """Return the key in Redis; the first who asks makes it."""
        key = self._keyspace.trial_hash_key()
        made = secrets.token_hex(32)
        replies = await self._reads.batch(
            [
                ("SET", key, made, "NX", "EX", DAY_RETENTION_SECONDS),
                ("EXPIRE", key, DAY_RETENTION_SECONDS),
                ("GET", key),
            ]
        )
        if not self._reads.usable(key, replies[-1], bytes):
            raise StoreUnavailableError("the key of the trials' digests holds something else")
        kept: bytes = replies[-1]
        return kept

    async def load(self, days: int, now: float) -> TrialPeriod:
        """Return the last `days` days of the calendar in UTC, today among them, with where users stand now.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        stamps = [stamp("day", now - _DAY_SECONDS * back) for back in range(days - 1, -1, -1)]
        keys = [self._keyspace.trial_day(day) for day in stamps]
        state_keys = self._state_keys()
        replies = await self._reads.batch(
            [*(("HGETALL", key) for key in keys), *(("ZCARD", key) for key in state_keys)]
        )
        rows, corrupt_before = [], self._reads.corrupt_keys.count
        for day, key, reply in zip(stamps, keys, replies[:days], strict=True):
            rows.append((day, self._decoded(key, reply)))
        states = self._counted(state_keys, replies[days:])
        return compute_period(stamps[0], rows, states, self._reads.corrupt_keys.count - corrupt_before)

    async def states(self) -> dict[str, int]:
        """Return how many users stand where: `signed_up`, `active`, `converted`, `expired`; {} while no user is known.

        Whoever did nothing for `DAY_RETENTION_SECONDS` is counted until the next event of anybody, or until all are
        forgotten.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        keys = self._state_keys()
        return self._counted(keys, await self._reads.batch([("ZCARD", key) for key in keys]))

    def _state_keys(self) -> list[str]:
        return [self._keyspace.trial_state(event) for event in TRIAL_EVENTS]

    def _counted(self, keys: list[str], replies: list[Any]) -> dict[str, int]:
        """Return users by state; a state whose key holds something else is left out: it is not known."""
        users = {
            TRIAL_STATES[event]: reply
            for event, key, reply in zip(TRIAL_EVENTS, keys, replies, strict=True)
            if self._reads.usable(key, reply, int)
        }
        return users if any(users.values()) else {}

    def _decoded(self, key: str, reply: Any) -> dict[str, int]:
        if not self._reads.usable(key, reply, dict):
            return {}
        try:
            return decode_day(reply)
        except ValueError as error:
            self._reads.corrupt_keys.note(key, error)
            return {}
