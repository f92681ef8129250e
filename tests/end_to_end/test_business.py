"""Trials and gauges, from the POST to the answers they show in."""

from collections.abc import AsyncIterator

import httpx
import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.reader_client import reader_client
from tokenpulse_reader.reports.units import iso
from tokenpulse_shared import trials
from tokenpulse_shared.keyspace import Keyspace

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
DAY = 86400.0
TRIAL = "/api/monitoring/events/trial"
GAUGES = "/api/monitoring/gauges"
ANALYTICS = "/api/monitoring/trial-analytics"


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(NOW)


@pytest.fixture
async def reader(redis_url: str, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    headers = {"Authorization": "Bearer t0ken"}
    async with reader_client(redis_url, clock=clock, api_token="t0ken", headers=headers) as client:
        yield client


async def post_event(reader: httpx.AsyncClient, user: str, event: str, plan: str | None = None) -> bool:
    response = await reader.post(TRIAL, json={"user_id": user, "event": event, "plan": plan})
    assert (response.status_code, response.json()["success"]) == (200, True), response.text
    counted: bool = response.json()["counted"]
    return counted


async def test_trials_are_analysed(reader: httpx.AsyncClient, clock: FakeClock) -> None:
    """Ten sign up, eight of them start, two convert four days later, one expires: 80 % and 25 %."""
    for number in range(10):
        assert await post_event(reader, f"user{number}", "signup", "pro" if number < 3 else None)
    for number in range(8):
        assert await post_event(reader, f"user{number}", "started")
    clock.advance(4 * DAY)
    for user, event in (("user0", "converted"), ("user1", "converted"), ("user2", "expired")):
        assert await post_event(reader, user, event)
        assert not await post_event(reader, user, event)
    month = (await reader.get(ANALYTICS)).json()
    today = (await reader.get(f"{ANALYTICS}?days=1")).json()

    assert month == {
        "timestamp": "2024-05-19T10:30:20.000+00:00",
        "days": 30,
        "start_date": "2024-04-20",
        "end_date": "2024-05-19",
        "signups": 10,
        "started_trial": 8,
        "converted": 2,
        "expired": 1,
        "active": 5,
        "conversion_rate": 25.0,
        "activation_rate": 80.0,
        "cohort_conversion_rate": 25.0,
        "cohort_activation_rate": 80.0,
        "avg_time_to_conversion_days": 4.0,
        "by_plan": {"pro": {"signups": 3, "started_trial": 3, "converted": 2, "expired": 1}},
        "coverage": pytest.approx((4 * DAY + 37_820) / (29 * DAY + 37_820)),
        "computed_at": "2024-05-19T10:30:20.000+00:00",
        "stale": False,
    }
    assert (today["signups"], today["converted"], today["active"]) == (0, 2, 5)
    assert (today["conversion_rate"], today["activation_rate"]) == (None, None)


@pytest.mark.parametrize(
    ("body", "parameter"),
    [
        ({"event": "signup"}, "user_id"),
        ({"user_id": "", "event": "signup"}, "user_id"),
        ({"user_id": 7.5, "event": "signup"}, "user_id"),
        ({"user_id": True, "event": "signup"}, "user_id"),
        ({"user_id": "u" * 1001, "event": "signup"}, "user_id"),
        ({"user_id": "u"}, "event"),
        ({"user_id": "u", "event": "left"}, "event"),
        ({"user_id": "u", "event": "signup", "plan": "p" * 65}, "plan"),
        ({"user_id": "u", "event": "signup", "plan": ["pro"]}, "plan"),
        (["u"], None),
    ],
)
async def test_a_trial_events_fault_is_named(
    reader: httpx.AsyncClient, body: object, parameter: str | None
) -> None:
    response = await reader.post(TRIAL, json=body)

    assert (response.status_code, response.json()["error"]["parameter"]) == (400, parameter)


async def test_an_id_of_any_letters_is_taken(reader: httpx.AsyncClient, redis_client: redis.Redis) -> None:
    """A plan's control characters are replaced; `%`, braces and colons are letters like others."""
    assert await post_event(reader, "a{b}%:\u0000\u2028", "signup", "pro\n{x}:y")

    assert (await reader.get(ANALYTICS)).json()["by_plan"].keys() == {"pro\ufffd{x}:y"}
    assert {key.split(b"{")[1].split(b"}")[0] for key in redis_client.keys("*trials*")} == {b"trials"}


async def test_gauges_are_shown(reader: httpx.AsyncClient) -> None:
    """What was posted, by name and labels; trials are counted beside."""
    posted = await reader.post(
        GAUGES,
        json={"active_api_keys": 12, "subscription_count": {"pro": {"monthly": 3, "yearly": 1}}},
    )
    await post_event(reader, "ann", "started")
    body = (await reader.get(GAUGES)).json()

    assert (posted.status_code, posted.json()) == (200, {"success": True})
    assert [(held["name"], held["labels"], held["value"], held["posted_at"]) for held in body["gauges"]] == [
        ("active_api_keys", {"status": "active"}, 12, iso(NOW)),
        ("subscription_count", {"plan_type": "pro", "billing_cycle": "monthly"}, 3, iso(NOW)),
        ("subscription_count", {"plan_type": "pro", "billing_cycle": "yearly"}, 1, iso(NOW)),
        ("trial_active", {"status": "active"}, 1, None),
        ("trial_active", {"status": "converted"}, 0, None),
        ("trial_active", {"status": "expired"}, 0, None),
        ("trial_active", {"status": "signed_up"}, 0, None),
    ]
    assert body["stale"] is False


async def test_a_gauges_fault_is_named(reader: httpx.AsyncClient) -> None:
    """Nothing of the body is taken."""
    response = await reader.post(GAUGES, json={"active_api_keys": 12, "active_connections": {"ws": -1}})

    assert response.status_code == 400
    assert response.json()["error"]["parameter"] == "active_connections.ws"
    assert "active_api_keys" not in (await reader.get(GAUGES)).text


async def test_what_was_not_written_is_not_called_a_success(
    reader: httpx.AsyncClient, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """503 with the reason in our own words: a key that is another's, no room for one more user."""
    redis_client.set(Keyspace().gauges(), "mine")
    gauges = await reader.post(GAUGES, json={"active_api_keys": 12})
    monkeypatch.setattr(trials, "MAX_USERS", 0)
    trial = await reader.post(TRIAL, json={"user_id": "u", "event": "signup"})

    assert [answer.status_code for answer in (gauges, trial)] == [503, 503]
    assert [answer.json()["error"]["message"] for answer in (gauges, trial)] == [
        "nothing is known to be written: the key of the gauges holds something else",
        "nothing is known to be written: as many users are remembered as may be",
    ]
