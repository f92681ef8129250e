"""Find what a request cost by a table of prices, where neither its response nor its app said."""

from tokenpulse.dialects.facts import Usage
from tokenpulse_shared.pricing import PriceBook, TokenCounts
from tokenpulse_shared.records import Observation

_INPUT_ONLY = frozenset(("embeddings", "rerank"))
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
    return TokenCounts(
        tokens_input,
        tokens_output,
        usage.tokens_cached or 0,
        usage.tokens_cache_write or 0,
        usage.tokens_cache_write_1h or 0,
        usage.tokens_reasoning or 0,
        usage.tokens_audio_input or 0,
        usage.tokens_audio_output or 0,
    )


def priced(observation: Observation, usage: Usage | None, prices: PriceBook) -> Observation:
    """Return the observation with what a table says it cost, unless its cost is known.

    Only usage that the provider reported whole is priced: a sum of lower bounds and guesses is no cost.
    """
    if observation.cost_nano_usd is not None or usage is None or observation.usage_source != "reported":
        return observation
    tokens = token_counts(usage.normalised(), observation.operation)
    if tokens is None:
        return observation
    cost = prices.nano_usd(
        observation.provider, observation.model, observation.response_model, tokens, observation.started_at
    )
    return observation if cost is None else observation._replace(cost_nano_usd=cost)
