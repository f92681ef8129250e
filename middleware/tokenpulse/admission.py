"""Decide with Redis which names become series, so that all writers agree.

A name is asked for once; an admitted one is remembered for good, a refused one for `REFUSAL_SECONDS`, or until
it has become worth a series.
A name that is not yet worth a series (see `SeriesDelta.qualifies`) is only looked up, never added.
Bounds: at most the index's size of admitted names, as many refused ones.
"""

from collections.abc import Mapping
from typing import Final

import redis

from tokenpulse.script_call import Script
from tokenpulse_shared.keyspace import TOTALS_RETENTION_SECONDS
from tokenpulse_shared.names import OTHER

REFUSAL_SECONDS: Final = 30.0
ADMIT: Final = Script("admit")


class Admission:
    """Remember the answers of one index of names."""

    def __init__(self, client: redis.Redis, *, most: int, ttl_seconds: int) -> None:
        self._client = client
        self._most = most
        self._ttl_seconds = ttl_seconds
        self.admitted: dict[str, set[str]] = {}
        self._refused_until: dict[tuple[str, str, bool], float] = {}

    def resolve(self, key: str, names: Mapping[str, bool], now: float, monotonic: float) -> set[str]:
        """Return those of the names that are not admitted; `names`: name → worth a series of its own.

        Raises:
            redis.RedisError: the index could not be asked.
        """
        known = self.admitted.setdefault(key, {OTHER})
        asked = {name: worthy for name, worthy in names.items() if name not in known}
        self._forget_refusals(monotonic)
        asked = {
            name: worthy for name, worthy in asked.items() if (key, name, worthy) not in self._refused_until
        }
        if asked:
            for name, answer in zip(asked, self._ask(key, asked, now), strict=True):
                if answer:
                    known.add(name)
                else:
                    self._refused_until[key, name, asked[name]] = monotonic + REFUSAL_SECONDS
        return {name for name in names if name not in known}

    def _ask(self, key: str, names: Mapping[str, bool], now: float) -> list[int]:
        flagged = [("+" if worthy else "?") + name for name, worthy in names.items()]
        answers: list[int] = ADMIT.call(
            self._client, key, int(now), self._most, TOTALS_RETENTION_SECONDS, self._ttl_seconds, *flagged
        )
        return answers

    def _forget_refusals(self, monotonic: float) -> None:
        if len(self._refused_until) > 2 * self._most:
            self._refused_until.clear()
            return
        for entry in [entry for entry, until in self._refused_until.items() if until <= monotonic]:
            del self._refused_until[entry]
