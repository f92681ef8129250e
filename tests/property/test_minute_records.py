"""Properties of the blocks that hold records of series' minutes."""

from hypothesis import given, settings
from hypothesis import strategies as st

from tokenpulse.outage.minute_records import NOWHERE, MinuteRecords

_ADDED = st.tuples(st.integers(0, 2), st.integers(0, 6), st.binary(max_size=3) | st.just(bytes(30_000)))
"""A series, a minute, a record; long ones fill blocks."""


@settings(max_examples=200, deadline=None)
@given(
    st.lists(_ADDED | st.integers(0, 7) | st.sampled_from((0.0, 1e3, 5e4, 1e5)), max_size=30),
)
def test_a_series_has_its_last_minutes(steps: list[tuple[int, int, bytes] | int | float]) -> None:
    """Whatever was dropped in between, by minute or by length: of each series it was the oldest, and never too much."""
    records, latest = MinuteRecords(), [NOWHERE] * 3
    expected: list[list[tuple[int, bytes]]] = [[], [], []]
    for step in steps:
        if isinstance(step, tuple):
            series, minute, payload = step
            latest[series] = records.add(latest[series], minute, payload)
            expected[series].append((minute, payload))
            expected[series].sort(key=lambda entry: entry[0])  # stable: of one minute the last added is last
        elif isinstance(step, int):
            records.shed_before(step)
            expected = [[entry for entry in kept if entry[0] >= step] for kept in expected]
        else:
            records.shed_to(int(step))
            assert records.held_bytes <= step
        held = [list(records.of(place))[::-1] for place in latest]
        if isinstance(step, float):
            assert all(
                kept[len(kept) - len(left) :] == left for kept, left in zip(expected, held, strict=True)
            )
            expected = held

        assert held == expected
        assert records.held_bytes == sum(12 + len(payload) for kept in held for _, payload in kept)
