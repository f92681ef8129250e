"""Properties of what waits through an outage: every count is where it belongs, once."""

from collections import Counter
from typing import NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from tokenpulse.aggregation.deltas import SeriesDelta
from tokenpulse.aggregation.known_words import Words
from tokenpulse.aggregation.provider_delta import ProviderDelta
from tokenpulse.outage.backlog import Backlog
from tokenpulse.outage.count_codes import FIELDS, FIRST_BUCKET, Counts, FieldCodes, add_coarsely, add_counts
from tokenpulse.outage.lump import Lump
from tokenpulse.outage.minute_records import MinuteRecords
from tokenpulse.outage.series_backlog import MINUTES_A_DAY, BacklogWindows, SeriesBacklog
from tokenpulse.outage.window_record import RecordWriter, window_counts
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.records import Observation
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE

_DAY = 20_000 * MINUTES_A_DAY
_RECORDS = RecordWriter()
_LAST_BUCKET = FIELDS - 1
_COUNTS = st.dictionaries(
    st.integers(0, 23)
    | st.integers(FIRST_BUCKET + 400, _LAST_BUCKET - 400)
    | st.integers(FIELDS, FIELDS + 9),
    st.integers(1, 400),
    min_size=1,
    max_size=12,
)


class _Added(NamedTuple):
    """Say what was added: minutes since some begin, whether it is the hour of that minute, counts by code."""

    minute: int
    is_hour: bool
    counts: Counts


_ADDED = st.lists(st.builds(_Added, st.integers(0, 180), st.booleans(), _COUNTS), max_size=8)


class _Sums:
    """Add up windows, hours at the coarse scale."""

    def __init__(self) -> None:
        self.minutes: dict[int, Counts] = {}
        self.hours: dict[int, Counts] = {}
        self.days: dict[int, Counts] = {}

    def note(self, start: int, counts: Counts, *, is_hour: bool) -> None:
        windows = {code: count for code, count in counts.items() if code < FIELDS}
        if not is_hour:
            add_counts(self.minutes.setdefault(start, {}), windows)
        add_coarsely(self.hours.setdefault(start - start % 60, {}), windows)
        whole = {code: n for code, n in counts.items() if code < FIRST_BUCKET or code >= FIELDS}
        add_counts(self.days.setdefault(start - start % MINUTES_A_DAY, {}), whole)

    @classmethod
    def of(cls, windows: BacklogWindows) -> "_Sums":
        sums = cls()
        for minute, payload in windows.minutes:
            add_counts(sums.minutes.setdefault(minute, {}), window_counts(payload, FINE_SCALE))
        for hour, payload in windows.hours:
            add_counts(sums.hours.setdefault(hour, {}), window_counts(payload, COARSE_SCALE))
        sums.days = windows.days
        return sums

    def told(self) -> list[dict[int, Counts]]:
        """Return everything; windows of nothing are none."""
        kinds = (self.minutes, self.hours, self.days)
        return [{start: counts for start, counts in kind.items() if counts} for kind in kinds]


def _gathered(
    added: list[_Added], begin: int, kept: MinuteRecords | None = None
) -> tuple[SeriesBacklog, _Sums]:
    series, sums = SeriesBacklog(kept or MinuteRecords()), _Sums()
    for minute, is_hour, counts in added:
        start = begin + minute
        start -= start % 60 if is_hour else 0
        sums.note(start, counts, is_hour=is_hour)
        series.add(start, dict(counts), _RECORDS, is_hour=is_hour)
    return series, sums


@settings(max_examples=150, deadline=None)
@given(_ADDED, st.sampled_from((_DAY, _DAY + 59, _DAY - 90)))
def test_windows_have_what_was_added(added: list[_Added], begin: int) -> None:
    """In whatever order minutes and hours come: each minute, hour and day has its own counts."""
    series, sums = _gathered(added, begin)

    assert _Sums.of(series.windows(_RECORDS)).told() == sums.told()


@settings(max_examples=100, deadline=None)
@given(_ADDED, st.integers(0, 200))
def test_shedding_minutes_takes_nothing_else(added: list[_Added], before: int) -> None:
    """Minutes before the given one are gone but for the open one, hours and days have all they had."""
    kept = MinuteRecords()
    series, sums = _gathered(added, _DAY, kept)
    held = series.other_bytes()
    kept.shed_before(_DAY + before)
    seen = _Sums.of(series.windows(_RECORDS)).told()
    minutes, hours, days = sums.told()
    last = next((at.minute + _DAY for at in reversed(added) if not at.is_hour), None)

    assert seen[1:] == [hours, days]
    assert set(seen[0]) - {last} == {minute for minute in minutes if minute >= _DAY + before} - {last}
    assert series.other_bytes() == held


@settings(max_examples=100, deadline=None)
@given(_ADDED)
def test_shedding_sketches_keeps_counters(added: list[_Added]) -> None:
    """Hours that are over lose their buckets, never a counter."""
    series, sums = _gathered(added, _DAY)
    series.shed_sketches(_DAY + 240)
    _, hours, days = _Sums.of(series.windows(_RECORDS)).told()
    counters = [
        {
            hour: sum(count for code, count in held.items() if code < FIRST_BUCKET)
            for hour, held in kind.items()
        }
        for kind in (hours, sums.hours)
    ]

    assert Counter(counters[0]) == Counter(counters[1])
    assert days == sums.told()[2]


@settings(max_examples=100, deadline=None)
@given(_ADDED, _ADDED)
def test_a_lump_is_the_sum(first: list[_Added], second: list[_Added]) -> None:
    """Two series counted under one name have the counts of both, also when the sum is held again."""
    one, other = _gathered(first, _DAY), _gathered(second, _DAY)
    lump, both = Lump(), _Sums()
    for series, sums in (one, other):
        lump.add(series.windows(_RECORDS), 1)
        for kind, more in zip((both.minutes, both.hours, both.days), sums.told(), strict=True):
            for start, counts in more.items():
                add_counts(kind.setdefault(start, {}), counts)
    held = SeriesBacklog(MinuteRecords())
    held.replace(lump.windows(_RECORDS), lump.requests)

    assert lump.requests == held.requests == 2
    assert _Sums.of(held.windows(_RECORDS)).told() == both.told()


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 100), st.sampled_from("abcdef")), max_size=30), st.integers(1, 4))
def test_no_request_is_lost_for_want_of_names(calls: list[tuple[int, str]], most: int) -> None:
    """Names past the most count under `__other__`, known ones never do; requests add up, minute by minute."""
    backlog = Backlog(Keyspace(), most_models=most, breathe=lambda: None)
    overflow = 0
    for minute, model in calls:
        delta, series = ProviderDelta(), SeriesDelta()
        series.fold(Observation("p", model, latency_seconds=0.1), Words())
        delta.turn_to(_DAY + minute)
        delta.current[model] = series
        delta.observations = 1
        overflow += backlog.set_aside("p", delta, frozenset("a"))
    if not calls:
        return
    held = backlog.provider("p")
    by_name = Counter({name: series.requests for name, series in held.series.items()})
    whole = _Sums.of(held.whole.windows(_RECORDS)).minutes

    assert held.requests() == len(calls)
    assert by_name[OTHER] == overflow
    assert len(set(by_name) - {OTHER, "a"}) <= most
    assert by_name["a"] == sum(model == "a" for _, model in calls)
    assert {minute - _DAY: counts[0] for minute, counts in whole.items()} == Counter(
        minute for minute, _ in calls
    )


def test_fields_keep_their_codes() -> None:
    """A field met again has the code it had; every code has its name."""
    codes = FieldCodes()
    numbers = [codes[name] for name in ("x", "y", "x")]

    assert numbers == [FIELDS, FIELDS + 1, FIELDS]
    assert [codes.names[number] for number in numbers] == ["x", "y", "x"]
