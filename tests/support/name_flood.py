"""A flood of model names that callers invent, around the traffic of models that are real."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from tokenpulse_shared.records import Observation

REAL_MODELS: Final = tuple(f"gpt-{number}" for number in range(20))
REAL_EVERY: Final = 10
"""A real request for so many invented ones."""
ANSWERED_EVERY: Final = 7
"""One in so many invented names is answered: some upstreams take any."""


class NameFlood:
    """Keep the books: requests to real models by name, all the others as one number."""

    def __init__(self) -> None:
        self.real: Counter[str] = Counter()
        self.invented = 0

    @property
    def total(self) -> int:
        """Return how many requests there were."""
        return self.real.total() + self.invented


def flood_observations(flood: NameFlood, names: Iterable[int]) -> Iterator[Observation]:
    """Yield what the middleware would make of requests with these invented names, and of real ones among them.

    The real models come first once: they were there before the flood.
    """
    for model in REAL_MODELS:
        flood.real[model] += 1
        yield _real(model)
    for number in names:
        if number % REAL_EVERY == 0:
            model = REAL_MODELS[number // REAL_EVERY % len(REAL_MODELS)]
            flood.real[model] += 1
            yield _real(model)
        flood.invented += 1
        yield _invented(f"invented-{number:x}-by-somebody", is_answered=number % ANSWERED_EVERY == 0)


def _real(model: str) -> Observation:
    return Observation(
        "openai",
        model,
        status_code=200,
        latency_seconds=0.7,
        tokens_input=11,
        tokens_output=7,
        provider_vouched=True,
    )


def _invented(model: str, *, is_answered: bool) -> Observation:
    if is_answered:
        return Observation("openai", model, status_code=200, latency_seconds=0.5, provider_vouched=True)
    return Observation(
        "openai", model, status_code=404, outcome="caller_error", latency_seconds=0.01, provider_vouched=True
    )
