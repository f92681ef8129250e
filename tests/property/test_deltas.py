"""Properties of deltas: folding and merging are two ways to the same numbers."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tokenpulse.aggregation.counter_places import TOTAL
from tokenpulse.aggregation.deltas import SeriesDelta
from tokenpulse.aggregation.endpoint_delta import EndpointDelta
from tokenpulse.aggregation.known_words import Words
from tokenpulse.aggregation.provider_delta import ProviderDelta
from tokenpulse_shared.records import OUTCOMES, USAGE_SOURCES, InterTokenLatency, Observation

_SECONDS = st.none() | st.floats(0, 1e7)
_TOKENS = st.none() | st.integers(0, 2**40)

_FLOWS = st.none() | st.dictionaries(st.integers(-640, 704), st.integers(1, 2**40), max_size=5).map(
    lambda buckets: InterTokenLatency(1.5, sum(buckets.values()), tuple(buckets.items()))
)
_OBSERVATIONS = st.lists(
    st.builds(
        Observation,
        provider=st.just("openai"),
        model=st.sampled_from(["gpt", "o3"]),
        streaming=st.sampled_from([None, True, False]),
        outcome=st.sampled_from(OUTCOMES),
        finish_reason=st.none() | st.sampled_from(["stop", "length", "tool_calls"]),
        error_type=st.none() | st.sampled_from(["overloaded", "other"]),
        latency_seconds=_SECONDS,
        ttfb_seconds=_SECONDS,
        ttft_seconds=_SECONDS,
        first_visible_seconds=_SECONDS,
        tpot_seconds=_SECONDS,
        send_wait_seconds=_SECONDS,
        itl=_FLOWS,
        tokens_cache_write=_TOKENS,
        tokens_input=_TOKENS,
        tokens_output=_TOKENS,
        tokens_cached=_TOKENS,
        tokens_reasoning=_TOKENS,
        usage_source=st.sampled_from(USAGE_SOURCES),
        cost_nano_usd=st.none() | st.integers(0, 2**50),
        endpoint=st.sampled_from([None, "chat", "embeddings"]),
        trace_id=st.sampled_from([None, "a" * 32, "b" * 32]),
    ),
    max_size=12,
)


def _folded(observations: list[Observation]) -> SeriesDelta:
    delta, words = SeriesDelta(), Words()
    for observation in observations:
        delta.fold(observation, words)
    return delta


def _state(delta: SeriesDelta | EndpointDelta) -> dict[str, Any]:
    """Return every attribute; an empty mapping and None say the same: nothing was told apart."""
    slots = [name for kind in type(delta).__mro__ for name in getattr(kind, "__slots__", ())]
    values = {name: getattr(delta, name) for name in slots}
    if endpoints := values.get("endpoints"):
        values["endpoints"] = {name: _state(held) for name, held in endpoints.items()}
    return {name: value or None for name, value in values.items()}


@settings(max_examples=50, deadline=None)
@given(_OBSERVATIONS, st.data())
def test_merging_parts_equals_folding_all(observations: list[Observation], data: st.DataObject) -> None:
    """However arrivals are cut into deltas, merging them in order gives the delta of all of them."""
    cuts = sorted(data.draw(st.lists(st.integers(0, len(observations)), max_size=3)))
    merged = SeriesDelta()
    for start, end in zip([0, *cuts], [*cuts, len(observations)], strict=True):
        merged.merge(_folded(observations[start:end]))

    assert _state(merged) == _state(_folded(observations))


@settings(max_examples=50, deadline=None)
@given(_OBSERVATIONS, _OBSERVATIONS)
def test_merging_commutes_but_for_what_came_last(first: list[Observation], second: list[Observation]) -> None:
    """Order matters to faults in a row and to which request stands for the series, and to nothing else."""
    one, other = _folded(first), _folded(second)
    one.merge(_folded(second))
    other.merge(_folded(first))
    states = [{**_state(delta), "streak": None, "exemplar": None} for delta in (one, other)]

    assert states[0] == states[1]


@settings(max_examples=50, deadline=None)
@given(_OBSERVATIONS, st.lists(st.integers(0, 200), min_size=12, max_size=12))
def test_coarsening_keeps_every_count(observations: list[Observation], minutes: list[int]) -> None:
    """However the minutes come, what leaves the fine minutes is in its hour: nothing lost, nothing doubled."""
    provider = ProviderDelta()
    for observation, minute in zip(observations, minutes, strict=False):
        if provider.minute != minute:
            provider.turn_to(minute)
        provider.current.setdefault(observation.model, SeriesDelta()).fold(observation, Words())
    expected: dict[tuple[int, str], int] = {}
    for observation, minute in zip(observations, minutes, strict=False):
        key = (minute - minute % 60, observation.model)
        expected[key] = expected.get(key, 0) + 1
    held: dict[tuple[int, str], int] = {}
    for windows in (provider.minutes, provider.hours):
        for minute, series in windows.items():
            for model, delta in series.items():
                key = (minute - minute % 60, model)
                held[key] = held.get(key, 0) + delta.counters[TOTAL]

    assert held == expected
