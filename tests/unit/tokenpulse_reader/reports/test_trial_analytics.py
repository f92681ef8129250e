"""What became of trials, as JSON."""

from tokenpulse_reader.reports.trial_analytics import trial_analytics_json
from tokenpulse_shared.trial_records import TrialPeriod, compute_period

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
NOTHING = TrialPeriod(
    first_day="2024-05-06", events={"signup": 0, "started": 0, "converted": 0, "expired": 0}
)


def test_rates_are_of_what_stands_beside_them() -> None:
    """10 signups, 8 started, 2 converted: 80 % activated, 25 % converted."""
    period = compute_period(
        "2024-05-06",
        [
            ("2024-05-06", {}),
            ("2024-05-13", {"signup": 10, "started": 8, "signup:pro": 4, "activated": 7, "converted_later": 1}),
            (
                "2024-05-15",
                {"converted": 2, "expired": 1, "converted:pro": 2, "conversions_timed": 2, "conversion_seconds": 259_200},
            ),
        ],
        {"signed_up": 3, "active": 5, "converted": 2, "expired": 1},
    )  # fmt: skip

    assert trial_analytics_json(period, 10, NOW) == {
        "timestamp": "2024-05-15T10:30:20.000+00:00",
        "days": 10,
        "start_date": "2024-05-06",
        "end_date": "2024-05-15",
        "signups": 10,
        "started_trial": 8,
        "converted": 2,
        "expired": 1,
        "active": 5,
        "conversion_rate": 25.0,
        "activation_rate": 80.0,
        "cohort_conversion_rate": 12.5,
        "cohort_activation_rate": 70.0,
        "avg_time_to_conversion_days": 1.5,
        "by_plan": {"pro": {"signups": 4, "started_trial": 0, "converted": 2, "expired": 0}},
        "coverage": (2 * 86400 + 37_820) / (9 * 86400 + 37_820),
    }


def test_without_trials_rates_are_not_known() -> None:
    """None, not 0; a state that cannot be read is not known either."""
    body = trial_analytics_json(NOTHING, 10, NOW)

    for name in (
        *("active", "conversion_rate", "activation_rate", "cohort_conversion_rate"),
        *("cohort_activation_rate", "avg_time_to_conversion_days"),
    ):
        assert body[name] is None
    assert [body[name] for name in ("signups", "started_trial", "converted", "expired")] == [None] * 4
    assert (body["coverage"], body["by_plan"]) == (0.0, {})


def test_at_midnight_a_day_that_just_began_is_covered() -> None:
    period = compute_period("2024-05-15", [("2024-05-15", {"signup": 1})], {})

    assert trial_analytics_json(period, 1, 1_715_731_200.0)["coverage"] == 1.0
