"""Tell of a record that a process left behind whether Redis has it, may have it, has it not.

Strategy: the notes in a log are followed in order. A record belongs to the first batch of its group whose cut is
not before it; where its provider's records were moved meanwhile, to the first batch of `__other__` after that.
Without such a batch it was never sent.
Bounds: memory by groups and notes, not by records.
"""

from bisect import bisect_left
from typing import Final

from tokenpulse.batches.numbered_batch import Group
from tokenpulse.spill.spill_records import LoggedBatch
from tokenpulse_shared.names import OTHER

_OTHER: Final = Group("provider", OTHER)


class Sent:
    """A batch that was about to be sent; Redis has it for sure once it is acknowledged."""

    __slots__ = ("batch", "is_acknowledged", "writer_id")

    def __init__(self, batch: LoggedBatch, writer_id: str) -> None:
        self.batch = batch
        self.writer_id = writer_id
        self.is_acknowledged = False


class _Moved:
    """Stand for records of a provider that wait under `__other__` until `sent` holds them."""

    __slots__ = ("provider", "sent")

    def __init__(self, provider: Group) -> None:
        self.provider = provider
        self.sent: Sent | None = None


class Fates:
    """Follow the notes of one log."""

    def __init__(self) -> None:
        self._cuts: dict[Group, list[int]] = {}
        self._ends: dict[Group, list[Sent | _Moved]] = {}
        self._open: dict[Group, Sent] = {}
        self._loose: dict[Group, list[_Moved]] = {}
        """By the group whose next batch takes them along."""

    def find(self, group: Group, position: int) -> Sent | None:
        """Return the batch that a group's record went into, None if it was never sent."""
        at = bisect_left(self._cuts.get(group, ()), position)
        ends = self._ends.get(group, ())
        if at == len(ends):
            return None
        end = ends[at]
        return end.sent if isinstance(end, _Moved) else end

    def note_batch(self, batch: LoggedBatch, writer_id: str) -> None:
        """Follow a batch; the one before it is in Redis, else there were none."""
        self.note_acknowledged(batch.group)
        sent = Sent(batch, writer_id)
        self._open[batch.group] = sent
        self._end(batch.group, batch.cut, sent)
        for moved in self._loose.pop(batch.group, ()):
            moved.sent = sent

    def note_acknowledged(self, group: Group) -> None:
        """Follow the acknowledgement of a group's last batch."""
        if group in self._open:
            self._open.pop(group).is_acknowledged = True

    def note_moved(self, provider: str, position: int) -> None:
        """Follow a provider's records to `__other__`."""
        group = Group("provider", provider)
        moved = _Moved(group)
        self._end(group, position, moved)
        self._loose.setdefault(_OTHER, []).extend((moved, *self._loose.pop(group, ())))

    def note_other_process(self) -> None:
        """Follow a change of processes: what waited in memory only was lost, and waits where it came from."""
        for moved in self._loose.pop(_OTHER, ()):
            self._loose.setdefault(moved.provider, []).append(moved)

    def _end(self, group: Group, cut: int, end: Sent | _Moved) -> None:
        self._cuts.setdefault(group, []).append(cut)
        self._ends.setdefault(group, []).append(end)
