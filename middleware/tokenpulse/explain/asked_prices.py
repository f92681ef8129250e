"""Remember which price table answered."""

from dataclasses import replace

from tokenpulse_shared.pricing import PriceBook, TokenCounts, open_prices
from tokenpulse_shared.settings import Settings


class AskedPrices(PriceBook):
    """Answer as the middleware's own book does; `source` is the table that had the last price, None: none.

    Raises:
        SettingsError: the price file cannot be used.
    """

    def __init__(self, settings: Settings) -> None:
        super().__init__(())
        self._book = open_prices(settings)
        self._file = open_prices(replace(settings, genai_prices=False))
        self.is_empty = self._book.is_empty
        self.was_asked = False
        self.source: str | None = None

    def nano_usd(
        self, provider: str, model: str, response_model: str | None, tokens: TokenCounts, at: float
    ) -> int | None:
        """Return what the book says; note whose price that is."""
        self.was_asked = True
        asked = (provider, model, response_model, tokens, at)
        cost = self._book.nano_usd(*asked)
        if cost is not None:
            self.source = "genai-prices" if self._file.nano_usd(*asked) is None else "price_file"
        return cost
