"""The price of a model at one moment: its rates, by the size of the input."""

from typing import Final, Protocol

from tokenpulse_shared.pricing.money import nano_usd
from tokenpulse_shared.pricing.rates import Rates, Stated, complete_rates
from tokenpulse_shared.pricing.tokens import TokenCounts, disjoint_kinds


class Price(Protocol):
    """Price requests to one model."""

    def nano_usd(self, tokens: TokenCounts, at: float) -> int | None:
        """Return what the tokens cost at that time (epoch seconds); None: not known."""


class NoTokenPrice:
    """Stand for a model that is listed but not priced by the token: by image, second or query."""

    def nano_usd(self, tokens: TokenCounts, at: float) -> int | None:
        """Return None."""
        return None


NO_TOKEN_PRICE: Final = NoTokenPrice()


class PriceCard:
    """Hold the rates of a model, with higher tiers for large inputs.

    A tier's rates hold for all tokens of a request whose input (cache included) reaches the tier, not only
    for those beyond its edge. Make it with `make_card`.
    """

    __slots__ = ("_audio_may_be_cached", "_rates", "_request_units", "_tiers")

    def __init__(
        self,
        rates: Rates,
        tiers: tuple[tuple[int, Rates], ...],
        *,
        request_units: int,
        audio_may_be_cached: bool,
    ) -> None:
        self._rates = rates
        self._tiers = tiers
        self._request_units = request_units
        self._audio_may_be_cached = audio_may_be_cached

    def nano_usd(self, tokens: TokenCounts, at: float) -> int | None:
        """Return what the tokens cost, rounded once; None when a kind that occurs has no rate."""
        kinds = disjoint_kinds(tokens)
        if kinds is None or (self._audio_may_be_cached and tokens.audio_input and tokens.cached):
            return None
        rates = self._rates
        for from_tokens, tier in self._tiers:
            if tokens.input >= from_tokens:
                rates = tier
                break
        units = self._request_units
        for count, rate in zip(kinds, rates, strict=True):
            if count:
                if rate is None:
                    return None
                units += count * rate
        return nano_usd(units)


def make_card(
    stated: Stated, tiers: dict[int, Stated] | None = None, *, request_units: int = 0
) -> PriceCard | NoTokenPrice | None:
    """Return a card from stated rates; None when no rate of text tokens is stated at all.

    tiers: least input tokens → all rates stated for it. `request_units` is a fee per request. A model that
    bills the images or videos it makes at a rate of their own cannot be priced: nobody counts them apart.
    Cached audio with a rate of its own cannot be told from cached text either: such a request has no price.
    """
    every = [stated, *(tiers or {}).values()]
    if not any("input" in rates or "output" in rates for rates in every):
        return None
    for rates in every:
        output = rates.get("output")
        if rates.get("image_output", output) != output or rates.get("video_output", output) != output:
            return NO_TOKEN_PRICE
    return PriceCard(
        complete_rates(stated),
        tuple((least, complete_rates(rates)) for least, rates in sorted((tiers or {}).items(), reverse=True)),
        request_units=request_units,
        audio_may_be_cached=any("cached_audio" in r and r["cached_audio"] != r.get("cached") for r in every),
    )
