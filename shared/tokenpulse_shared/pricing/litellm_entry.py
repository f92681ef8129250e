"""Read one model's entry of a price file in LiteLLM's format.

Rates are USD a token: `input_cost_per_token`. Three forms of change are known. `…_above_200k_tokens`: rates of a
request whose input is above that, for all its tokens; what a tier does not state stays as it is below.
`tiered_pricing`: a list of tiers that replaces the entry's own rates. `off_peak_pricing`: rates that replace those
of every tier during certain hours. The rates are the standard ones: keys for `_priority`, `_flex` or `_batches`
are not read, nor are fees for searches or regions.
"""

import re
from collections.abc import Mapping
from decimal import Decimal
from types import MappingProxyType
from typing import Any, Final

from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.pricing.card import NO_TOKEN_PRICE, NoTokenPrice, Price, PriceCard, make_card
from tokenpulse_shared.pricing.money import price_units
from tokenpulse_shared.pricing.off_peak import OffPeakHours
from tokenpulse_shared.pricing.price_errors import OddEntryError
from tokenpulse_shared.pricing.rates import Kind, Stated
from tokenpulse_shared.pricing.schedule import PriceSchedule

_KINDS: Final[Mapping[str, Kind]] = MappingProxyType(
    {
        "input_cost_per_token": "input",
        "input_cost_per_token_cache_hit": "cached",  # an older name; the newer one comes after it and wins
        "cache_read_input_token_cost": "cached",
        "cache_creation_input_token_cost": "cache_write",
        "cache_creation_input_token_cost_above_1hr": "cache_write_1h",
        "input_cost_per_audio_token": "audio_input",
        "output_cost_per_token": "output",
        "output_cost_per_reasoning_token": "reasoning",
        "output_cost_per_audio_token": "audio_output",
        "cache_read_input_audio_token_cost": "cached_audio",
        "output_cost_per_image_token": "image_output",
        "output_cost_per_video_token": "video_output",
    }
)
_TIER_KEY: Final = re.compile(rf"({'|'.join(_KINDS)})_above_(\d+)(k?)_tokens")
_TOKEN_MODES: Final = frozenset((None, "chat", "completion", "responses", "embedding"))
"""Modes that are billed by the token; `image_generation`, `rerank` and the others are not, or not by it alone."""

_KEPT_IN_TIERS: Final[tuple[Kind, ...]] = ("output", "audio_input", "audio_output")
_REACHED_PROVIDERS: Final = frozenset(("xai",))
"""Whose higher tier begins with the edge itself: 200,000 tokens already are above 200k."""


def entry_price(entry: Mapping[str, Any]) -> Price | None:
    """Return what an entry says a model costs; None when it states no price.

    Raises:
        OddEntryError: the entry cannot be understood.
        PriceRangeError: it states a number that is no price.
    """
    if entry.get("mode") not in _TOKEN_MODES:
        return NO_TOKEN_PRICE
    usual = _card(entry, {})
    block = entry.get("off_peak_pricing")
    if block is None or usual is None:
        return usual
    if not isinstance(block, dict):
        raise OddEntryError("off_peak_pricing")
    return PriceSchedule(usual, ((OffPeakHours(block).hold, _card(entry, _stated(block))),))


def _card(entry: Mapping[str, Any], override: Stated) -> PriceCard | NoTokenPrice | None:
    base = _stated(entry)
    tiers = _listed_tiers(entry, base) or _tiers_above(entry, base)
    if 0 in tiers:
        base = tiers.pop(0)
    fee = entry.get("input_cost_per_request")
    return make_card(
        {**base, **override},
        {least: {**stated, **override} for least, stated in tiers.items()},
        request_units=0 if fee is None else _units("input_cost_per_request", fee),
    )


def _stated(fields: Mapping[str, Any]) -> Stated:
    stated: dict[Kind, int] = {}
    for key, kind in _KINDS.items():
        value = fields.get(key)
        if value is not None:
            stated[kind] = _units(key, value)
    return stated


def _units(key: str, value: object) -> int:
    if type(value) is int or isinstance(value, Decimal):
        return price_units(Decimal(value))
    raise OddEntryError(key)


def _tiers_above(entry: Mapping[str, Any], base: Stated) -> dict[int, Stated]:
    """Return least input tokens → all rates from there, of keys such as `input_cost_per_token_above_200k_tokens`."""
    changes: dict[int, dict[Kind, int]] = {}
    for key, value in entry.items():
        found = _TIER_KEY.fullmatch(key) if "_above_" in key else None
        if found is not None and value is not None:
            edge = int(found[2]) * (1000 if found[3] else 1)
            changes.setdefault(edge, {})[_KINDS[found[1]]] = _units(key, value)
    beyond = 0 if entry.get("litellm_provider") in _REACHED_PROVIDERS else 1
    tiers: dict[int, Stated] = {}
    reached: Stated = base
    for edge in sorted(changes):
        reached = {**reached, **changes[edge]}
        tiers[edge + beyond] = reached
    return tiers


def _listed_tiers(entry: Mapping[str, Any], base: Stated) -> dict[int, Stated]:
    """Return least input tokens → all rates from there, of `tiered_pricing`; the lowest tier begins at 0.

    A tier states its own rates; the entry's stand in for its output and its audio alone.
    """
    listed = entry.get("tiered_pricing")
    if listed is None:
        return {}
    if not isinstance(listed, list) or not listed:
        raise OddEntryError("tiered_pricing")
    kept: Stated = {kind: base[kind] for kind in _KEPT_IN_TIERS if kind in base}
    tiers: dict[int, Stated] = {_tier_start(tier): {**kept, **_stated(tier)} for tier in listed}
    tiers[0] = tiers.pop(min(tiers))
    return tiers


def _tier_start(tier: object) -> int:
    """Return the least input tokens of a listed tier: 32001 for the range 32000 to 128000."""
    bounds = tier.get("range") if isinstance(tier, dict) else None
    edge = bounds[0] if isinstance(bounds, list) and bounds else None
    if isinstance(edge, int | Decimal) and 0 <= edge <= MAX_COUNT:
        return int(edge) + 1
    raise OddEntryError("tiered_pricing")
