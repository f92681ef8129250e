"""Price tokens from tables: what a request cost when nobody said so."""

from tokenpulse_shared.pricing.book import PriceBook, open_prices
from tokenpulse_shared.pricing.tokens import TokenCounts

__all__ = ["PriceBook", "TokenCounts", "open_prices"]
