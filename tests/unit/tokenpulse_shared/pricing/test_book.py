"""Tests of pricing a request from the tables there are."""

import logging
import sys
from pathlib import Path

import pytest

from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.pricing import PriceBook, TokenCounts, open_prices
from tokenpulse_shared.pricing.book import MAX_REMEMBERED
from tokenpulse_shared.pricing.card import Price, make_card
from tokenpulse_shared.pricing.schedule import PriceSchedule
from tokenpulse_shared.pricing.wanted import Wanted
from tokenpulse_shared.settings import Settings

TOKENS = TokenCounts(1, 0)
NANO = 10**21


class CountingTable:
    """Know the prices of some models, in nano-USD a token; count how often each was asked for."""

    def __init__(self, **nano: int) -> None:
        self._nano = nano
        self.asked: list[str] = []

    def find(self, wanted: Wanted) -> Price | None:
        """Return a price."""
        self.asked.append(wanted.model)
        nano = self._nano.get(wanted.model)
        return None if nano is None else make_card({"input": nano * NANO})


def test_without_tables_nothing_has_a_price() -> None:
    """The book says that it is empty."""
    book = open_prices(Settings.load({}, genai_prices=False))

    assert book.is_empty
    assert book.nano_usd("openai", "gpt-4o", None, TOKENS, 0.0) is None


def test_the_first_table_that_knows_a_name_decides() -> None:
    """The model as asked comes before the one that answered, the first table before the second."""
    book = PriceBook((CountingTable(answered=1), CountingTable(asked=2, answered=3, other=4)))

    assert book.nano_usd("p", "asked", "answered", TOKENS, 0.0) == 1
    assert book.nano_usd("p", "asked", "nothing", TOKENS, 0.0) == 2
    assert book.nano_usd("p", "asked", None, TOKENS, 0.0) == 2
    assert book.nano_usd("p", "deployment", "other", TOKENS, 0.0) == 4
    assert book.nano_usd("p", "deployment", "nothing", TOKENS, 0.0) is None
    assert not book.is_empty


def test_a_name_is_looked_for_once() -> None:
    """Whether it was found or not; a model that answers by its own name is one name."""
    table = CountingTable(known=1)
    book = PriceBook((table,))
    for _ in range(3):
        book.nano_usd("p", "known", "known", TOKENS, 0.0)
        book.nano_usd("p", "strange", None, TOKENS, 0.0)

    assert table.asked == ["known", "strange"]


def test_what_is_remembered_is_bounded() -> None:
    """After `MAX_REMEMBERED` names all are forgotten, and found again."""
    table = CountingTable(known=1)
    book = PriceBook((table,))
    book.nano_usd("p", "known", None, TOKENS, 0.0)
    for number in range(MAX_REMEMBERED - 1):
        book.nano_usd("p", f"strange-{number}", None, TOKENS, 0.0)
    book.nano_usd("p", "known", None, TOKENS, 0.0)

    assert table.asked.count("known") == 1
    book.nano_usd("p", "one-more", None, TOKENS, 0.0)
    assert book.nano_usd("p", "known", None, TOKENS, 0.0) == 1
    assert table.asked.count("known") == 2


def test_a_price_that_changes_with_time_is_not_frozen() -> None:
    """The schedule is remembered, not what it said."""

    class ByTheHour:
        """Know one price, dearer from one o'clock."""

        def find(self, wanted: Wanted) -> Price | None:
            """Return it."""
            dear = make_card({"input": 2 * NANO})
            return PriceSchedule(make_card({"input": NANO}), ((lambda moment: moment.hour >= 1, dear),))

    book = PriceBook((ByTheHour(),))

    assert [book.nano_usd("p", "m", None, TOKENS, at) for at in (0.0, 3600.0, 86_400.0)] == [1, 2, 1]


def test_the_operators_file_comes_before_genai_prices(tmp_path: Path) -> None:
    """Models that it does not list are priced by genai-prices, unless that is switched off."""
    path = tmp_path / "prices.json"
    path.write_text('{"gpt-4o": {"input_cost_per_token": 0.000007, "litellm_provider": "openai"}}')
    both = open_prices(Settings.load({}, price_file=str(path)))
    alone = open_prices(Settings.load({}, price_file=str(path), genai_prices=False))
    genai = open_prices(Settings.load({}))

    assert both.nano_usd("openai", "gpt-4o", None, TOKENS, 0.0) == 7_000
    assert both.nano_usd("openai", "gpt-4o-mini", None, TOKENS, 0.0) == 150
    assert alone.nano_usd("openai", "gpt-4o", None, TOKENS, 0.0) == 7_000
    assert alone.nano_usd("openai", "gpt-4o-mini", None, TOKENS, 0.0) is None
    assert genai.nano_usd("openai", "gpt-4o", None, TOKENS, 0.0) == 2_500


def test_a_wrong_file_stops_the_start() -> None:
    """It is read when the book is opened."""
    with pytest.raises(SettingsError, match=r"price_file='/nowhere/prices\.json'"):
        open_prices(Settings.load({}, price_file="/nowhere/prices.json"))


def forget_genai(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the next import of genai-prices a real one."""
    ours = ("tokenpulse_shared.pricing.genai_table", "tokenpulse_shared.pricing.genai_index")
    for name in list(sys.modules):
        if name.partition(".")[0] == "genai_prices" or name in ours:
            monkeypatch.delitem(sys.modules, name)


def test_genai_prices_is_optional(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
    """Where it is not installed, nothing is said."""
    forget_genai(monkeypatch)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if not Path(each, "genai_prices").exists()])

    assert open_prices(Settings.load({})).is_empty
    assert caplog.records == []


def test_a_broken_genai_prices_is_said(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The app starts without it."""
    forget_genai(monkeypatch)
    monkeypatch.setitem(sys.modules, "pydantic", None)

    with caplog.at_level(logging.WARNING, logger="tokenpulse.pricing"):
        assert open_prices(Settings.load({})).is_empty

    assert [record.getMessage().partition(":")[0] for record in caplog.records] == [
        "genai-prices cannot be used"
    ]
