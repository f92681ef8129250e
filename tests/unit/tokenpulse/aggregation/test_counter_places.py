"""Tests of the places that name a delta's counters."""

from tokenpulse.aggregation import counter_places
from tokenpulse.aggregation.counter_places import OUTCOME_AT, USAGE_AT
from tokenpulse_shared.counters import OUTCOME_FIELDS, USAGE_FIELDS, WINDOW_COUNTERS

_NAMES = {
    "TOTAL": "total_requests",
    "SUCCESSFUL": "successful_requests",
    "FAILED": "failed_requests",
    "INPUT": "tokens_input",
    "OUTPUT": "tokens_output",
    "CACHED": "tokens_cached",
    "REASONING": "tokens_reasoning",
    "COST": "total_cost",
    "UNPRICED": "unpriced_requests",
    "CACHE_WRITE": "tokens_cache_write",
}


def test_places_follow_the_table_of_counters() -> None:
    """A place is that of its name in the shared table; together they are all of it, each once."""
    places = {name: at for name, at in vars(counter_places).items() if isinstance(at, int)}
    named = {at: WINDOW_COUNTERS.index(_NAMES.get(name, name.lower())) for name, at in places.items()}

    assert all(at == place for at, place in named.items())
    assert {outcome: WINDOW_COUNTERS[at] for outcome, at in OUTCOME_AT.items()} == OUTCOME_FIELDS
    assert {source: WINDOW_COUNTERS[at] for source, at in USAGE_AT.items()} == USAGE_FIELDS
    everything = [*places.values(), *OUTCOME_AT.values(), *USAGE_AT.values()]
    assert sorted(everything) == list(range(len(WINDOW_COUNTERS)))
