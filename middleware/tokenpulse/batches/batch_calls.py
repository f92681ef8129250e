"""Remember the calls of a group's batches until Redis has these, for the breakers that are looked at then.

Bounds: those of a batch in flight, and of the batches before it that were not looked at yet one for each model.
"""

from tokenpulse.batches.numbered_batch import Group
from tokenpulse.batches.operations import Calls, joined_calls


class BatchCalls:
    """Hold calls by group; used by the flush thread only."""

    def __init__(self) -> None:
        self._last: dict[Group, list[Calls]] = {}
        """Of each group's last batch."""
        self._earlier: dict[Group, list[Calls]] = {}

    def put(self, group: Group, calls: list[Calls]) -> None:
        """Note a batch's calls; Redis has the group's batches before it."""
        if before := self.take(group, is_in_flight=False):
            self._earlier[group] = before
        self._last[group] = calls

    def take(self, group: Group, *, is_in_flight: bool) -> list[Calls]:
        """Return the calls of the batches that Redis has, one for each model, once.

        `is_in_flight`: the group's last batch is not among them.
        """
        calls = self._earlier.pop(group, [])
        if not is_in_flight:
            calls = [*calls, *self._last.pop(group, [])]
        return list(joined_calls(calls).values())
