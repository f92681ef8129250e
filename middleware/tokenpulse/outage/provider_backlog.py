"""What one provider gathered while Redis was away.

Bounds: as many names as `add` is told, the rest under `__other__`; `MAX_ERRORS_PER_PROVIDER` errors, the last;
the calls of two minutes, for a breaker judges no older ones. Each name's size: see `series_backlog`.
"""

from collections import deque
from collections.abc import Callable, Container
from typing import Final, NamedTuple

from tokenpulse.aggregation.counter_places import TOTAL
from tokenpulse.aggregation.provider_delta import ErrorEntry, ProviderDelta, Series
from tokenpulse.batches.batch import CALLS_ARE_RECENT_SECONDS
from tokenpulse.batches.operations import Calls, joined_calls
from tokenpulse.batches.slow_calls import NO_LIMITS, SlowLimits
from tokenpulse.outage.count_codes import (
    FIRST_BUCKET,
    Counts,
    FieldCodes,
    add_counts,
    counts_of,
    sketch_codes,
)
from tokenpulse.outage.lump import Lump
from tokenpulse.outage.minute_records import MinuteRecords
from tokenpulse.outage.series_backlog import SeriesBacklog
from tokenpulse.outage.window_record import RecordWriter
from tokenpulse_shared.counters import PROVIDER_SKETCHED, SKETCHED
from tokenpulse_shared.keyspace import MAX_ERRORS_PER_PROVIDER
from tokenpulse_shared.names import OTHER

CALLS_MINUTES: Final = 2
_OF_PROVIDER: Final = frozenset(range(FIRST_BUCKET)).union(
    *(sketch_codes(SKETCHED.index(quantity)) for quantity in PROVIDER_SKETCHED)
)
"""The codes of what a provider as a whole counts too: all counters, two of the sketches."""


class Packing(NamedTuple):
    """Hold what packing needs: shared by all providers, kept for the process."""

    codes: FieldCodes
    records: RecordWriter
    minutes: MinuteRecords
    """Of models."""
    whole_minutes: MinuteRecords
    """Of providers as a whole."""
    breathe: Callable[[], None]
    """Called between series: lets other threads have the interpreter."""
    slow: SlowLimits = NO_LIMITS
    """Which calls are too slow for a breaker."""


class ProviderBacklog:
    """Gather one provider; used by the flush thread only."""

    def __init__(self, packing: Packing) -> None:
        self._packing = packing
        self.series: dict[str, SeriesBacklog] = {}
        self.whole = SeriesBacklog(packing.whole_minutes)
        self.errors: deque[ErrorEntry] = deque(maxlen=MAX_ERRORS_PER_PROVIDER)
        self.is_vouched = False
        self._calls: dict[int, dict[str, Calls]] = {}

    def add(self, delta: ProviderDelta, known: Container[str], most: int) -> int:
        """Add a provider's deltas; return how many requests counted under `__other__` for want of room.

        A name that is not in `known` has room while there are fewer than `most`.
        """
        overflow = 0
        for windows, is_hours in ((delta.minutes, False), (delta.hours, True)):
            for start in sorted(windows):
                overflow += self._add_window(start, windows[start], (known, most), is_hours=is_hours)
        for minute in sorted(delta.minutes):
            self._note_calls(minute, delta.minutes[minute])
        self.errors.extend(delta.errors)
        self.is_vouched = self.is_vouched or delta.is_vouched
        return overflow

    def models(self) -> dict[str, bool]:
        """Return model → worth a series of its own."""
        return {name: series.qualifies for name, series in self.series.items()}

    def requests(self) -> int:
        """Return how many requests are held."""
        return sum(series.requests for series in self.series.values())

    def lump(self, refused: set[str]) -> int:
        """Count the given models under `__other__`; return how many requests that concerned."""
        moved = [self.series.pop(name) for name in sorted(refused) if name in self.series]
        if moved:
            self.add_up(self._other(), moved)
        for minute, calls in self._calls.items():
            lumped = [calls.pop(name) for name in refused & calls.keys()]
            self._calls[minute] = joined_calls(
                (*calls.values(), *(call._replace(model=OTHER) for call in lumped))
            )
        return sum(series.requests for series in moved)

    def absorb(self, moved: "ProviderBacklog") -> None:
        """Count another provider under `__other__` here, its models too; its calls are nobody's breaker's."""
        self.is_vouched = True
        self.errors.extend(moved.errors)
        self.add_up(self.whole, [moved.whole])
        self.add_up(self._other(), list(moved.series.values()))

    def add_up(self, into: SeriesBacklog, more: list[SeriesBacklog]) -> None:
        """Add series to one, window by window."""
        lump, records = Lump(), self._packing.records
        for series in (into, *more):
            lump.add(series.windows(records), series.requests)
            into.example = series.example or into.example
            self._packing.breathe()
        into.replace(lump.windows(records), lump.requests)
        into.qualifies = True

    def take_calls(self, now: float) -> list[Calls]:
        """Return the calls of the last minutes, once; `now` is epoch seconds."""
        recent = [
            call
            for minute in sorted(self._calls)
            if minute * 60 + 60 > now - CALLS_ARE_RECENT_SECONDS
            for call in self._calls[minute].values()
        ]
        self._calls.clear()
        return [call for call in joined_calls(recent).values() if call.successes or call.faults]

    def take_errors(self) -> list[ErrorEntry]:
        """Return the last errors, oldest first, once."""
        errors = list(self.errors)
        self.errors.clear()
        return errors

    def _other(self) -> SeriesBacklog:
        return self.series.setdefault(OTHER, SeriesBacklog(self._packing.minutes))

    def _add_window(
        self,
        start: int,
        series: Series,
        room: tuple[Container[str], int],
        *,
        is_hours: bool,
    ) -> int:
        known, most = room
        packing = self._packing
        overflow = 0
        whole: Counts = {}
        for name, delta in series.items():
            requests = delta.counters[TOTAL]
            if name not in self.series and name not in known and len(self.series) >= most:
                name, overflow = OTHER, overflow + requests
            held = self.series.get(name)
            if held is None:
                held = self.series[name] = SeriesBacklog(packing.minutes)
            counts = counts_of(delta, packing.codes)
            add_counts(whole, {code: count for code, count in counts.items() if code in _OF_PROVIDER})
            held.requests += requests
            held.qualifies = held.qualifies or delta.qualifies
            held.add(start, counts, packing.records, is_hour=is_hours)
            example = None if delta.exemplar is None else delta.exemplar.encoded()
            # Hours come after the minutes that are kept, and are of before them.
            held.example = (held.example or example) if is_hours else (example or held.example)
            packing.breathe()
        self.whole.add(start, whole, packing.records, is_hour=is_hours)
        return overflow

    def _note_calls(self, minute: int, series: Series) -> None:
        held = self._calls.setdefault(minute, {})
        for name, delta in series.items():
            if name in self.series:
                call = self._packing.slow.calls(name, delta)
                held[name] = held[name].then(call) if name in held else call
        for old in sorted(self._calls)[:-CALLS_MINUTES]:
            del self._calls[old]
