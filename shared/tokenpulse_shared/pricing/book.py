"""Price a request from the tables there are: the operator's file first, then genai-prices.

Strategy: tables are read once, at the start; what a name was found to cost is remembered, also that it was not
found. A price that changes with time is remembered as such, never the amount.
Bounds: at most `MAX_REMEMBERED` names, then all are forgotten; a name that is new costs at most 0.2 ms.
"""

import logging
from typing import Final, Protocol

from tokenpulse_shared.pricing.card import Price
from tokenpulse_shared.pricing.price_file import read_price_file
from tokenpulse_shared.pricing.tokens import TokenCounts
from tokenpulse_shared.pricing.wanted import Wanted, wanted
from tokenpulse_shared.settings import Settings

_logger = logging.getLogger("tokenpulse.pricing")

MAX_REMEMBERED: Final = 4096
"""Most (provider, model, response model) remembered; names are bounded, so this is at most 3 MB."""


class PriceTable(Protocol):
    """Know the prices of models."""

    def find(self, wanted: Wanted) -> Price | None:
        """Return the price of a model, None if the table does not list it."""


class PriceBook:
    """Answer what a request costs; make it with `open_prices`. Safe to use from several threads."""

    def __init__(self, tables: tuple[PriceTable, ...]) -> None:
        self._tables = tables
        self._remembered: dict[tuple[str, str, str | None], Price | None] = {}
        self.is_empty = not tables
        """True when there is no table: then nothing ever has a price."""

    def nano_usd(
        self, provider: str, model: str, response_model: str | None, tokens: TokenCounts, at: float
    ) -> int | None:
        """Return what a request cost, in nano-USD; None: not known. About 1.5 µs for a model seen before.

        `model` is the id as the caller asked for it; `response_model`, what answered, is tried after it. `at`
        is when the request was made, in epoch seconds.
        """
        if self.is_empty:
            return None
        key = (provider, model, response_model)
        try:
            price = self._remembered[key]
        except KeyError:
            price = self._find(key)
        return None if price is None else price.nano_usd(tokens, at)

    def _find(self, key: tuple[str, str, str | None]) -> Price | None:
        provider, model, response_model = key
        names = [wanted(provider, model)]
        if response_model is not None and response_model != model:
            names.append(wanted(provider, response_model))
        found = (table.find(name) for table in self._tables for name in names)
        price = next((each for each in found if each is not None), None)
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        self._remembered[key] = price
        return price


def open_prices(settings: Settings) -> PriceBook:
    """Return the prices that the settings name; reads files, so call it at the start.

    Raises:
        SettingsError: the price file cannot be used.
    """
    tables: list[PriceTable] = []
    if settings.price_file is not None:
        tables.append(read_price_file(settings.price_file))
    genai = _installed_genai_table() if settings.genai_prices else None
    if genai is not None:
        tables.append(genai)
    return PriceBook(tuple(tables))


def _installed_genai_table() -> PriceTable | None:
    try:
        from tokenpulse_shared.pricing.genai_table import load_genai_table
    except ImportError as error:
        if error.name != "genai_prices":
            _logger.warning("genai-prices cannot be used: %s", error)
        return None
    return load_genai_table()
