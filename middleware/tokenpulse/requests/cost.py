"""Find what a request cost by a table of prices, where neither its response nor its app said."""

from typing import Final

from tokenpulse.dialects.facts import Usage, new_record
from tokenpulse.requests.naming import Names
from tokenpulse_shared.pricing import PriceBook, TokenCounts

_INPUT_ONLY: Final = frozenset(("embeddings", "rerank"))
"""Operations that generate nothing: their output is no unknown."""


def token_counts(usage: Usage, operation: str | None) -> TokenCounts | None:
    """Return the tokens to be paid; None where some that are paid are not known.

    usage: normalised. Where a provider bills other counts than its model saw, it is those.
    """
    tokens_input, tokens_output = usage.tokens_input, usage.tokens_output
    if usage.billed_input is not None and usage.billed_output is not None:
        return TokenCounts(usage.billed_input, usage.billed_output)
    if tokens_output is None and operation in _INPUT_ONLY:
        tokens_output = 0
    if tokens_input is None or tokens_output is None:
        return None
    return new_record(
        TokenCounts,
        (
            tokens_input,
            tokens_output,
            usage.tokens_cached or 0,
            usage.tokens_cache_write or 0,
            usage.tokens_cache_write_1h or 0,
            usage.tokens_reasoning or 0,
            usage.tokens_audio_input or 0,
            usage.tokens_audio_output or 0,
        ),
    )


def table_cost(
    prices: PriceBook,
    names: Names,
    response_model: str | None,
    usage: Usage,
    operation: str | None,
    at: float,
) -> int | None:
    """Return what a table says a request cost, in nano-USD; None: not known.

    usage: normalised, and reported whole: a sum of lower bounds and guesses is no cost. at: epoch seconds.
    """
    tokens = token_counts(usage, operation)
    if tokens is None:
        return None
    return prices.nano_usd(names.provider, names.model, response_model, tokens, at)
