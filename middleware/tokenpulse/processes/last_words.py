"""Say what a recorder that stops has not brought to Redis, in one line."""

from collections.abc import Mapping
from typing import Final

_UNWRITTEN: Final = ("spill_overflow", "fault:spill_not_json", "fault:spill_record_too_long")
"""Counts of records that are not in the spill file, though others may be."""


def last_words(pending: int, reason: str, spill_path: object, counts: Mapping[str, int]) -> str:
    """Return the line; `pending`: requests, one at least, not known to be in Redis.

    `reason`: why the last flush did not bring them. `spill_path`: None without a spill file. `counts`: as
    in `Guard`, of which an upper bound is read of what the file lacks: what was counted there may be in Redis.
    """
    head = f"stopped; requests not known to be in Redis: {pending} ({reason}); "
    if spill_path is None:
        return f"{head}they are lost when this process ends; set spill_path to have the next one bring them"
    unwritten = pending
    if "fault:spill_voided" not in counts:
        unwritten = min(pending, sum(counts.get(name, 0) for name in _UNWRITTEN))
    lacking = f", but for {unwritten} at most that could not be written there" if unwritten else ""
    return f"{head}they wait in {spill_path} for the next process with this spill_path{lacking}"
