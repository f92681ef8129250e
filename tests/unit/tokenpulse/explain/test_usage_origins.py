"""Which event told which number."""

from tokenpulse.dialects.facts import EventFacts, Usage
from tokenpulse.explain.seen_event import SeenEvent
from tokenpulse.explain.usage_origins import told_numbers, usage_origins


def events(*usages: Usage | None) -> list[SeenEvent]:
    """Return events with these usages, and one that cannot be read."""
    seen = [
        SeenEvent(number, 0, 0, "", EventFacts(usage=usage), False, "") for number, usage in enumerate(usages)
    ]
    return [*seen, SeenEvent(len(seen), 0, 0, "", None, True, "")]


def test_later_numbers_override() -> None:
    """A number is the last event's that told it."""
    origins = usage_origins(events(Usage(10, 1, 4), None, Usage(tokens_output=9), Usage(tokens_output=12)))

    assert origins == {0: ("input", "cached"), 3: ("output",)}


def test_whole_usage_forgets_what_was_before() -> None:
    """A usage that is whole takes nothing over from an older one."""
    origins = usage_origins(events(Usage(10, 1, 4), Usage(11, 2, cost_nano_usd=7, is_whole=True)))

    assert origins == {1: ("input", "output", "cost")}


def test_no_usage_has_no_origin() -> None:
    """Where no event tells usage there is none."""
    assert usage_origins(events(None, None)) == {}
    assert told_numbers(Usage(tokens_cache_write=3, tokens_reasoning=0)) == {"cache write": 3, "reasoning": 0}
