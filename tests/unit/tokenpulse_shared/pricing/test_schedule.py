"""Tests of prices that change with time."""

from datetime import UTC, datetime

from tokenpulse_shared.pricing.card import make_card
from tokenpulse_shared.pricing.schedule import PriceSchedule
from tokenpulse_shared.pricing.tokens import TokenCounts

TOKENS = TokenCounts(1, 0)
CHEAP = make_card({"input": 1 * 10**21})
DEAR = make_card({"input": 2 * 10**21})


def test_the_last_change_that_holds_wins() -> None:
    """Changes are asked from the last to the first, with the moment in UTC."""
    schedule = PriceSchedule(
        make_card({"input": 5 * 10**21}),
        ((lambda moment: moment.year >= 2025, CHEAP), (lambda moment: moment.hour < 8, DEAR)),
    )

    assert schedule.nano_usd(TOKENS, datetime(2024, 1, 1, 9, tzinfo=UTC).timestamp()) == 5
    assert schedule.nano_usd(TOKENS, datetime(2025, 1, 1, 9, tzinfo=UTC).timestamp()) == 1
    assert schedule.nano_usd(TOKENS, datetime(2025, 1, 1, 7, tzinfo=UTC).timestamp()) == 2


def test_a_time_without_a_price_is_unpriced() -> None:
    """A change may say that there is no price (any more)."""
    schedule = PriceSchedule(None, ((lambda moment: moment.hour == 1, CHEAP),))

    assert schedule.nano_usd(TOKENS, 0.0) is None
    assert schedule.nano_usd(TOKENS, 3600.0) == 1
