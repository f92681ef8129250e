"""Prices from the installed genai-prices package.

Its data is part of the package: nothing is loaded over the network, and new prices come with a new version of
it. Its rules for finding a model, its tiers and its dates are kept; its arithmetic is not used, because it takes
55 µs a request.
Imports genai_prices, an optional dependency: import this module only where that may fail.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Final

from genai_prices.data_snapshot import DataSnapshot, get_snapshot
from genai_prices.types import ConditionalPrice, ModelInfo, ModelPrice, TieredPrices

from tokenpulse_shared.names import UNKNOWN
from tokenpulse_shared.pricing.card import NO_TOKEN_PRICE, Price, make_card
from tokenpulse_shared.pricing.genai_index import ModelIndex
from tokenpulse_shared.pricing.money import price_units
from tokenpulse_shared.pricing.price_errors import PriceRangeError
from tokenpulse_shared.pricing.providers import names_of
from tokenpulse_shared.pricing.rates import Kind, Stated
from tokenpulse_shared.pricing.schedule import Condition, PriceSchedule
from tokenpulse_shared.pricing.wanted import Wanted

_KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "input_mtok": "input",
        "cache_read_mtok": "cached",
        "cache_write_mtok": "cache_write",
        "cache_write_1h_mtok": "cache_write_1h",
        "input_audio_mtok": "audio_input",
        "output_mtok": "output",
        "output_reasoning_mtok": "reasoning",
        "output_audio_mtok": "audio_output",
        "cache_audio_read_mtok": "cached_audio",
        "output_image_mtok": "image_output",
        "output_video_mtok": "video_output",
    }
)
_MILLION: Final = 6
_THOUSAND: Final = 3
_MAX_NAME_CHARACTERS: Final = 80
"""Longest name looked for: looking takes time by the length, and callers choose it. The longest listed has 61."""

_COMPACT_DATE: Final = re.compile(r"-(20\d\d)(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])(?=-|:|$)")


class GenaiTable:
    """Find prices in a snapshot of genai-prices' data."""

    def __init__(self, snapshot: DataSnapshot) -> None:
        self._indexes = {each.id: ModelIndex(each.models) for each in snapshot.providers}
        self._others = {each.id: tuple(each.fallback_model_providers or ()) for each in snapshot.providers}
        self._guesses = [
            (each.model_match, each.id) for each in snapshot.providers if each.model_match is not None
        ]

    def find(self, wanted: Wanted) -> Price | None:
        """Return the price of a model, None if there is none; 0.2 ms at most."""
        model = self._model(wanted)
        return None if model is None else model_price(model)

    def _model(self, wanted: Wanted) -> ModelInfo | None:
        name = wanted.model
        if len(name) > _MAX_NAME_CHARACTERS:
            return None
        provider = self._guess(name) if wanted.provider == UNKNOWN else names_of(wanted.provider).genai
        model = self._search(provider, name)
        if model is None and (dashed := _COMPACT_DATE.sub(r"-\1-\2-\3", name)) != name:
            model = self._search(provider, dashed)
        return model

    def _guess(self, name: str) -> str:
        """Return whose model it is by its name alone, as genai-prices does; empty if it does not know."""
        return next((provider for clause, provider in self._guesses if clause.is_match(name)), "")

    def _search(self, provider: str, name: str) -> ModelInfo | None:
        """Return a provider's model, else that of the provider whose prices it is said to share."""
        for each in (provider, *self._others.get(provider, ())):
            index = self._indexes.get(each)
            model = None if index is None else index.find(name)
            if model is not None:
                return model
        return None


def load_genai_table() -> GenaiTable:
    """Return the table of the installed package; takes 0.2 s the first time."""
    return GenaiTable(get_snapshot())


def model_price(model: ModelInfo) -> Price | None:
    """Return a model's price with its changes over time; None when none is stated."""
    if isinstance(model.prices, ModelPrice):
        return _price(model.prices)
    if not model.prices:
        return None
    first, *later = model.prices
    changes = tuple((_holds(each), _price(each.prices)) for each in later)
    return PriceSchedule(_price(first.prices), changes)


def _holds(change: ConditionalPrice) -> Condition:
    return (lambda moment: True) if change.constraint is None else change.constraint.active


def _price(prices: ModelPrice) -> Price | None:
    flat: dict[Kind, int] = {}
    tiered: dict[Kind, TieredPrices] = {}
    try:
        for key, kind in _KINDS.items():
            stated = getattr(prices, key, None)
            if isinstance(stated, TieredPrices):
                tiered[kind] = stated
                flat[kind] = price_units(stated.base, _MILLION)
            elif isinstance(stated, Decimal):
                flat[kind] = price_units(stated, _MILLION)
        fee = getattr(prices, "requests_kcount", None)
        units = price_units(fee, _THOUSAND) if isinstance(fee, Decimal) else 0
        return make_card(flat, _tiers(flat, tiered), request_units=units) or NO_TOKEN_PRICE
    except PriceRangeError:
        return None


def _tiers(flat: Stated, tiered: Mapping[Kind, TieredPrices]) -> dict[int, Stated]:
    """Return least input tokens → all rates from there. A tier holds above its start, not at it."""
    edges = sorted({tier.start for prices in tiered.values() for tier in prices.tiers})
    tiers: dict[int, Stated] = {}
    for edge in edges:
        rates = dict(flat)
        for kind, prices in tiered.items():
            for tier in prices.tiers:
                if tier.start <= edge:
                    rates[kind] = price_units(tier.price, _MILLION)
        tiers[edge + 1] = rates
    return tiers
