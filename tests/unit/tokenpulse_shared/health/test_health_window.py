"""The calls a score is computed from: five minutes, less after a change, more while there are few."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.boards import minute
from tokenpulse_shared.health.health_calls import Calls, Minute
from tokenpulse_shared.health.health_window import choose_window, standard_error

NOW = 1_700_000_040.0
"""The current minute begins 0 s ago, so that minutes before it are whole."""
START = int(NOW)


def minutes(*counts: tuple[int, int], latency_seconds: float = 1.0) -> list[Minute]:
    """Return minutes of (successes, faults), the last of them the current one."""
    first = START - 60 * (len(counts) - 1)
    return [minute(first + 60 * at, *held, latency_seconds) for at, held in enumerate(counts)]


def test_many_calls_are_judged_by_five_minutes() -> None:
    """The five complete ones with the current one, though there are more."""
    chosen = choose_window(minutes(*[(990, 10)] * 60), NOW)

    assert (chosen.begin, chosen.end, chosen.reason, chosen.changed_at) == (
        START - 300,
        NOW,
        "five_minutes",
        None,
    )
    assert chosen.calls == Calls(5940, 60, 6_000_000_000, 6000)


def test_few_calls_make_the_window_grow_until_the_score_is_settled() -> None:
    """10 calls a minute, 2 in 100 faults: 24 minutes, then the standard error is below 0.7 points."""
    chosen = choose_window(
        minutes(*[(10, 0), (10, 0), (10, 0), (10, 0), (9, 1)] * 12, latency_seconds=0.1), NOW
    )
    shorter = Calls(chosen.calls.successes - 10, chosen.calls.faults, 0, 0)

    assert chosen.reason == "few_calls"
    assert chosen.standard_error_points == standard_error(chosen.calls)
    assert chosen.standard_error_points is not None
    assert chosen.standard_error_points <= 0.7
    assert (standard_error(shorter) or 0.0) > 0.7
    assert START - 3600 < chosen.begin < START - 300


def test_the_window_never_grows_beyond_an_hour() -> None:
    chosen = choose_window([minute(START - 3660, 50, 50), *minutes(*[(1, 0)] * 61)], NOW)

    assert (chosen.begin, chosen.calls.samples) == (START - 3600, 61)


def test_the_worked_number_is_a_change() -> None:
    """500 calls with 10 faults, then 5 that all fail: evidence 18.5."""
    chosen = choose_window(minutes((490, 10), (0, 5)), NOW)

    assert (chosen.begin, chosen.reason, chosen.changed_at) == (START, "change", START)
    assert chosen.calls.samples == 5


def test_the_minute_of_a_change_counts_until_there_are_calls_after_it() -> None:
    """Half of its calls are from before."""
    at_first = choose_window(minutes(*[(20, 0)] * 30, (10, 40), (0, 4)), NOW)
    then = choose_window(minutes(*[(20, 0)] * 30, (10, 40), (0, 5)), NOW)

    assert (at_first.changed_at, at_first.begin) == (START - 60, START - 60)
    assert (then.changed_at, then.begin, then.calls.samples) == (START - 60, START, 5)


def test_four_calls_are_no_evidence() -> None:
    """Less than what a status needs does not end a window."""
    assert choose_window(minutes((490, 10), (0, 4)), NOW).changed_at is None
    assert choose_window(minutes((0, 4), (490, 10)), NOW).changed_at is None


def test_a_recovery_ends_the_window_as_well() -> None:
    """What was bad before it does not count; what was good before that does not either."""
    chosen = choose_window(minutes(*[(100, 0)] * 20, *[(0, 100)] * 10, (50, 0), (100, 0)), NOW)

    assert (chosen.changed_at, chosen.begin) == (START - 60, START)
    assert (chosen.calls.faults, chosen.calls.samples) == (0, 100)


def test_few_calls_grow_back_to_the_change_only() -> None:
    """Ten minutes since it came back, one call each."""
    chosen = choose_window(minutes(*[(0, 9)] * 20, *[(1, 0)] * 10), NOW)

    assert (chosen.reason, chosen.begin, chosen.changed_at) == (
        "few_calls_since_change",
        START - 480,
        START - 540,
    )


def test_a_change_of_latency_is_a_change() -> None:
    """Four times as slow, every call good."""
    slow = choose_window(
        [*minutes(*[(50, 0)] * 30)[:28], minute(START - 60, 50, 0, 4.0), minute(START, 50, 0, 4.0)], NOW
    )
    same = choose_window(minutes(*[(50, 0)] * 30), NOW)
    untimed = choose_window([Minute(one.start, 50, 0, 0, 0) for one in minutes(*[(50, 0)] * 30)], NOW)

    assert (slow.changed_at, slow.begin) == (START - 60, START)
    assert slow.calls.average_latency_seconds == 4.0
    assert (same.changed_at, untimed.changed_at) == (None, None)
    assert untimed.calls.average_latency_seconds is None


def test_no_calls_are_no_evidence_of_anything() -> None:
    chosen = choose_window([], NOW)

    assert (chosen.begin, chosen.calls, chosen.standard_error_points) == (START - 300, Calls(), None)


def test_the_standard_error_falls_with_the_calls() -> None:
    """Worked: 98 of 100, 2 s of 10: √(4900·(3/102)·(99/102) + (30·1.2·0.2)²)/10 = 1.38 points."""
    assert standard_error(Calls(98, 2, 200_000_000, 100)) == pytest.approx(1.3846, abs=1e-4)
    assert standard_error(Calls(9800, 200, 20_000_000_000, 10_000)) == pytest.approx(0.1217, abs=1e-4)


@given(st.lists(st.tuples(st.integers(0, 200), st.integers(0, 200)), max_size=62), st.floats(0, 59.9))
def test_the_window_holds_exactly_the_calls_since_its_begin(
    counts: list[tuple[int, int]], into_minute: float
) -> None:
    held = minutes(*counts)
    chosen = choose_window(held, NOW + into_minute)

    assert chosen.calls == Calls.of(one for one in held if one.start >= chosen.begin)
    assert START - 3600 <= chosen.begin <= START
