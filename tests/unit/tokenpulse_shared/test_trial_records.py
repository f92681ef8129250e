"""A day's trial counters, decoded and added up."""

import pytest

from tokenpulse_shared.trial_records import (
    TRIAL_EVENTS,
    TRIAL_STATES,
    TrialPeriod,
    compute_period,
    decode_day,
)


def test_a_days_counters_are_decoded() -> None:
    """A plan's name that is no UTF-8 is made some; what is no number is not taken for 0."""
    assert decode_day({b"signup": b"3", b"signup:\xff": b"1"}) == {"signup": 3, "signup:\ufffd": 1}
    with pytest.raises(ValueError, match="many"):
        decode_day({b"signup": b"many"})


def test_days_add_up() -> None:
    """By event and by plan, whose name may hold a colon; days without data are not listed."""
    days = [
        ("2024-05-13", {"signup": 3, "signup:a:b": 2, "activated": 1}),
        ("2024-05-14", {}),
        ("2024-05-15", {"signup": 1, "converted": 1, "converted:a:b": 1, "conversion_seconds": 60}),
    ]

    assert compute_period("2024-05-12", days, {"active": 4}, 2) == TrialPeriod(
        first_day="2024-05-12",
        events={"signup": 4, "started": 0, "converted": 1, "expired": 0},
        plans={"a:b": {"signup": 2, "started": 0, "converted": 1, "expired": 0}},
        activated=1,
        conversion_seconds=60,
        days_with_data=("2024-05-13", "2024-05-15"),
        states={"active": 4},
        corrupt_keys=2,
    )


def test_every_event_has_a_state() -> None:
    assert set(TRIAL_STATES) == set(TRIAL_EVENTS)
