"""Find which event told each number of the usage that counts."""

from collections.abc import Iterable
from typing import Final

from tokenpulse.dialects.facts import Usage
from tokenpulse.explain.seen_event import SeenEvent

USAGE_FIELDS: Final = {
    "tokens_input": "input",
    "tokens_output": "output",
    "tokens_cached": "cached",
    "tokens_cache_write": "cache write",
    "tokens_reasoning": "reasoning",
    "cost_nano_usd": "cost",
}
"""The numbers of a `Usage` that are shown, with the words for them."""


def usage_origins(events: Iterable[SeenEvent]) -> dict[int, tuple[str, ...]]:
    """Return, by the event's number, the words of the numbers that no later event overrode."""
    origin: dict[str, int] = {}
    for event in events:
        usage = None if event.facts is None else event.facts.usage
        if usage is None:
            continue
        if usage.is_whole:
            origin.clear()
        origin |= dict.fromkeys(told_numbers(usage), event.number)
    return {
        number: tuple(word for word in USAGE_FIELDS.values() if origin.get(word) == number)
        for number in sorted(set(origin.values()))
    }


def told_numbers(usage: Usage) -> dict[str, int]:
    """Return the numbers a usage tells, as the wire has them, by their words."""
    numbers = ((word, getattr(usage, field)) for field, word in USAGE_FIELDS.items())
    return {word: number for word, number in numbers if number is not None}
