"""Gauges that an operator's services post."""

from typing import Any

import pytest

from tokenpulse_reader.http.problems import ProblemError
from tokenpulse_reader.posts.posted_gauges import gauges_json, parse_gauges
from tokenpulse_shared.business_gauges import GAUGE_LABELS, MAX_VALUES, BusinessGauge, with_trials


def test_a_gauge_is_a_number_or_numbers_by_label() -> None:
    """Labels that are not told are those of the whole."""
    body = {
        "active_api_keys": 12,
        "active_connections": {"websocket": 3, "http": 4.0},
        "subscription_count": {"pro": {"monthly": 10, "yearly": 2}, "basic": 7},
        "trial_active": {},
    }

    assert parse_gauges(body) == {
        "active_api_keys": {("active",): 12},
        "active_connections": {("websocket",): 3, ("http",): 4},
        "subscription_count": {("pro", "monthly"): 10, ("pro", "yearly"): 2, ("basic", "all"): 7},
        "trial_active": {},
    }


def test_a_gauge_may_be_a_list() -> None:
    """Labels have names there; the later of two that are the same counts, what is not told is the whole's."""
    body = {
        "subscription_count": [
            {"plan_type": "pro", "billing_cycle": "monthly", "value": 1},
            {"plan_type": "pro", "billing_cycle": "monthly", "value": 10},
            {"plan_type": "a\nb", "value": 2, "colour": "blue"},
        ],
        "active_api_keys": [],
    }

    assert parse_gauges(body) == {
        "subscription_count": {("pro", "monthly"): 10, ("a\ufffdb", "all"): 2},
        "active_api_keys": {},
    }


def test_labels_are_made_safe() -> None:
    assert parse_gauges({"active_connections": {"a\nb": 1}}) == {"active_connections": {("a\ufffdb",): 1}}


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"active_cats": 1}, "active_cats"),
        ({"\n": 1}, "\ufffd"),
        ({"active_api_keys": -1}, "active_api_keys"),
        ({"active_api_keys": "12"}, "active_api_keys"),
        ({"active_api_keys": None}, "active_api_keys"),
        ({"active_api_keys": {"active": 0.5}}, "active_api_keys.active"),
        ({"active_api_keys": {"active": {"x": 1}}}, "active_api_keys.active"),
        ({"active_api_keys": {"": 1}}, "active_api_keys"),
        ({"active_api_keys": {"x" * 101: 1}}, "active_api_keys"),
        ({"active_api_keys": {str(n): n for n in range(MAX_VALUES + 1)}}, "active_api_keys"),
        ({"subscription_count": {"pro": {"monthly": True}}}, "subscription_count.pro.monthly"),
        ({"subscription_count": {"pro": [1]}}, "subscription_count.pro"),
        ({"subscription_count": [3]}, "subscription_count[0]"),
        ({"subscription_count": [{"plan_type": "pro"}]}, "subscription_count[0].value"),
        ({"subscription_count": [{"plan_type": 7, "value": 1}]}, "subscription_count[0].plan_type"),
        (
            {"active_api_keys": [{"status": str(n), "value": 1} for n in range(MAX_VALUES + 1)]},
            "active_api_keys",
        ),
    ],
)
def test_what_cannot_be_used_is_named(body: dict[str, Any], parameter: str) -> None:
    with pytest.raises(ProblemError) as caught:
        parse_gauges(body)
    assert (caught.value.status, caught.value.parameter) == (400, parameter)
    assert caught.value.allowed


@pytest.mark.parametrize("body", [{}, [], None, 3, "active_api_keys"])
def test_a_body_holds_gauges(body: Any) -> None:
    with pytest.raises(ProblemError) as caught:
        parse_gauges(body)
    assert set(caught.value.allowed) == set(GAUGE_LABELS)


def test_gauges_tell_their_labels_by_name() -> None:
    gauges = [
        BusinessGauge("subscription_count", ("pro", "monthly"), 10, 1_700_000_000.0),
        *with_trials([], {"active": 2}),
    ]

    assert gauges_json(gauges) == [
        {
            "name": "subscription_count",
            "labels": {"plan_type": "pro", "billing_cycle": "monthly"},
            "value": 10,
            "posted_at": "2023-11-14T22:13:20.000+00:00",
        },
        {"name": "trial_active", "labels": {"status": "active"}, "value": 2, "posted_at": None},
    ]
