"""Decide with Redis which names become series, so that all writers agree.

Strategy: a name is asked for when it is first seen. A refused one is asked for again after `REFUSAL_SECONDS`, or once
it has become worth a series; an admitted one when it is used `CONFIRM_SECONDS` later, so that it stays in the index
while it is used, and its place is known to be taken by others when Redis lost it.
A name that is not yet worth a series (see `SeriesDelta.qualifies`) is only looked up, never added; one that has been
a series is worth one.
Bounds, for each index: twice its size of admitted names; four times its size of refused ones, or those of one question.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import redis

from tokenpulse.writing.script_call import Call, Script
from tokenpulse_shared.keyspace import TOTALS_RETENTION_SECONDS
from tokenpulse_shared.names import OTHER

REFUSAL_SECONDS: Final = 30.0
CONFIRM_SECONDS: Final = 600.0
ADMIT: Final = Script("admit")

Question = tuple[str, Mapping[str, bool]]
"""An index, and the names it is asked for: name → worth a series of its own."""


class Admission:
    """Remember the answers of indexes that have the same bounds."""

    def __init__(self, client: redis.Redis, *, most: int, ttl_seconds: int) -> None:
        self._client = client
        self._most = most
        self._ttl_seconds = ttl_seconds
        self.admitted: dict[str, dict[str, float]] = {}
        """Index → admitted name → monotonic seconds of the last answer."""
        self._refused_until: dict[str, dict[tuple[str, bool], float]] = {}
        """Index → (name, worthy) → monotonic seconds."""

    def resolve(self, key: str, names: Mapping[str, bool], now: float, monotonic: float) -> set[str]:
        """Return those of the names that are not admitted.

        Raises:
            redis.RedisError: the index could not be asked, and not all of the names were admitted before.
        """
        [failure] = self.ask([(key, names)], now, monotonic)
        if failure is not None and not names.keys() <= self.admitted[key].keys():
            raise failure
        return self.refused(key, names)

    def refused(self, key: str, names: Mapping[str, bool]) -> set[str]:
        """Return those of the names that are not admitted as far as is known."""
        known = self.admitted.get(key, {})
        return {name for name in names if name not in known and name != OTHER}

    def ask(self, questions: Sequence[Question], now: float, monotonic: float) -> list[Exception | None]:
        """Ask for what is not known, in one round trip; return for each index what kept it from answering.

        Raises:
            redis.RedisError: Redis could not be reached, or a reply was not that to its question.
        """
        asked = [(key, self._unknown(key, names, monotonic)) for key, names in questions]
        calls = [self._call(key, names, now) for key, names in asked if names]
        replies = iter(ADMIT.call_all(self._client, calls) if calls else ())
        failures: list[Exception | None] = []
        for key, names in asked:
            reply = next(replies) if names else None
            failures.append(reply if isinstance(reply, Exception) else None)
            if reply is not None and not isinstance(reply, Exception):
                self._note(key, self._answers(key, names, reply), monotonic)
        return failures

    def trust(self, key: str, name: str) -> None:
        """Take a name for admitted, unasked."""
        self.admitted.setdefault(key, {})[name] = float("inf")

    def forget(self) -> None:
        """Have every admitted name asked for again when it is next used: Redis lost what it had."""
        for known in self.admitted.values():
            known.update(dict.fromkeys(known, float("-inf")))

    def _unknown(self, key: str, names: Mapping[str, bool], monotonic: float) -> dict[str, bool]:
        known = self.admitted.setdefault(key, {})
        refused = self._refusals(key, monotonic)
        asked: dict[str, bool] = {}
        for name, worthy in names.items():
            answered_at = known.get(name)
            if answered_at is not None:
                if monotonic - answered_at >= CONFIRM_SECONDS:
                    asked[name] = True
            elif name != OTHER and (name, worthy) not in refused:
                asked[name] = worthy
        return asked

    def _call(self, key: str, names: Mapping[str, bool], now: float) -> Call:
        flagged = [("+" if worthy else "?") + name for name, worthy in names.items()]
        return key, (int(now), self._most, TOTALS_RETENTION_SECONDS, self._ttl_seconds, *flagged)

    def _answers(self, key: str, names: Mapping[str, bool], reply: Any) -> dict[tuple[str, bool], int]:
        """Return what a reply says, if it is this index's: bytes that got lost or came in between shift replies.

        Raises:
            redis.exceptions.InvalidResponse: it is another's; the connection is dropped.
        """
        if not isinstance(reply, list) or len(reply) != len(names) + 1 or reply[-1] != key.encode():
            self._client.close()
            raise redis.exceptions.InvalidResponse("a reply that is not this index's")
        return dict(zip(names.items(), reply, strict=False))

    def _note(self, key: str, answers: Mapping[tuple[str, bool], int], monotonic: float) -> None:
        known = self.admitted[key]
        for (name, worthy), answer in answers.items():
            if answer:
                known[name] = monotonic
            else:
                known.pop(name, None)
                refused = self._refused_until[key]
                refused.pop((name, worthy), None)
                refused[name, worthy] = monotonic + REFUSAL_SECONDS
        if len(known) > 2 * self._most:  # those of an index that Redis lost, or dropped as idle
            for name in [name for name, at in known.items() if monotonic - at >= CONFIRM_SECONDS]:
                del known[name]

    def _refusals(self, key: str, monotonic: float) -> dict[tuple[str, bool], float]:
        """Return an index's refusals that still hold."""
        refused = self._refused_until.setdefault(key, {})
        spare = len(refused) - 4 * self._most  # the oldest come first, those of the flush under way last
        over = [
            entry for at, (entry, until) in enumerate(refused.items()) if at < spare or until <= monotonic
        ]
        for entry in over:
            del refused[entry]
        return refused
