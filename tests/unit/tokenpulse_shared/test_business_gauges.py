"""Gauges with the trials that were counted."""

from tokenpulse_shared.business_gauges import DEFAULT_LABELS, GAUGE_LABELS, BusinessGauge, with_trials

KEYS = BusinessGauge("active_api_keys", ("active",), 5, 1.0)
SUBSCRIPTIONS = BusinessGauge("subscription_count", ("pro", "monthly"), 2, 1.0)


def test_trials_stand_among_the_gauges() -> None:
    """By name, then labels; who posts `trial_active` knows better than what was counted."""
    posted = BusinessGauge("trial_active", ("active",), 40, 1.0)

    assert with_trials([SUBSCRIPTIONS, KEYS], {"expired": 1, "active": 3}) == [
        KEYS,
        SUBSCRIPTIONS,
        BusinessGauge("trial_active", ("active",), 3, None),
        BusinessGauge("trial_active", ("expired",), 1, None),
    ]
    assert with_trials([KEYS, posted], {"active": 3}) == [KEYS, posted]
    assert with_trials([], {}) == []


def test_every_label_has_a_usual_value() -> None:
    assert {name: len(labels) for name, labels in GAUGE_LABELS.items()} == {
        name: len(labels) for name, labels in DEFAULT_LABELS.items()
    }
