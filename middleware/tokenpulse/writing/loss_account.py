"""Count what Redis lost for good: acknowledged batches that nobody can replay any more.

Strategy: a loss is suspected before the first batch after it is replayed, and counted when that batch is known to be
in Redis: its reply may be lost, and then the next reply of the group tells.
Bounds: the observations of a group's last `SIZES_KEPT` batches at least are known, twice as many at most; what was
lost of older ones is counted in batches only.
"""

from array import array
from typing import Final

from tokenpulse.batches.numbered_batch import Group
from tokenpulse.guard import Guard
from tokenpulse.writing.number_ranges import NumberRanges

SIZES_KEPT: Final = 3600
"""Batches whose number of observations is remembered, at least: an hour's by default, 29 kB at most."""


class LossAccount:
    """Remember what each group's acknowledged batches held; used by one thread at a time."""

    def __init__(self, guard: Guard) -> None:
        self._guard = guard
        self._sizes: dict[Group, array[int]] = {}
        """Observations of each group's last acknowledged batches."""
        self._given_up: dict[Group, NumberRanges] = {}
        """Sequences of each group that were counted: a later loss does not count them again.

        Not all up to the last: Redis may lose the end of what it had, and later all of it.
        """
        self._suspected: dict[Group, tuple[int, int, int]] = {}
        """Group → (last sequence before the loss, first after it, last acknowledged)."""

    def acknowledge(self, group: Group, observations: int) -> None:
        """Note what the group's next batch held."""
        sizes = self._sizes.setdefault(group, array("Q"))
        sizes.append(observations)
        if len(sizes) >= 2 * SIZES_KEPT:
            del sizes[:SIZES_KEPT]

    def suspect(self, group: Group, *, stored: int, first: int, acknowledged: int) -> None:
        """Take the batches after `stored` for lost once `first`, the next that can be replayed, is in Redis.

        `acknowledged`: the sequence of the last batch that was noted.
        """
        self._suspected[group] = stored, first, acknowledged

    def settle(self, group: Group, reached: int) -> None:
        """Count what is suspected of a group, now that its guard is known to be, or to have been, at `reached`."""
        stored, first, acknowledged = self._suspected.pop(group, (0, 0, 0))
        if first and first == reached:
            self._count(group, stored, first - 1, acknowledged)

    def _count(self, group: Group, stored: int, last: int, acknowledged: int) -> None:
        """Count the batches after `stored` up to `last`, but those that were counted before."""
        sizes = self._sizes.get(group, array("Q"))  # none yet of a writer that was taken up
        oldest = acknowledged - len(sizes) + 1
        for first, until in self._given_up.setdefault(group, NumberRanges()).add(stored + 1, last):
            self._guard.count("unrecoverable", until - first + 1)
            known = sizes[max(0, first - oldest) : max(0, until - oldest + 1)]
            self._guard.count("unrecoverable_observations", sum(known))

    def clear(self) -> None:
        """Forget everything."""
        self._sizes.clear()
        self._given_up.clear()
        self._suspected.clear()
