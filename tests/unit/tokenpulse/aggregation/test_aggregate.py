"""Tests of folding by provider, minute, model."""

from collections import Counter

from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.aggregation.counter_places import TOTAL
from tokenpulse.aggregation.known_words import MAX_FINISH_REASONS
from tokenpulse.aggregation.provider_delta import FINE_MINUTES, ProviderDelta
from tokenpulse_shared.keyspace import MAX_ERRORS_PER_PROVIDER
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.records import Observation

_NOW = 1_700_000_040.0
_MINUTE = int(_NOW // 60)


def _aggregator(*, providers: int = 10, models: int = 10) -> Aggregator:
    return Aggregator(max_providers=providers, max_models=models)


def _requests(delta: ProviderDelta | None) -> Counter[str]:
    """Return model → requests over all windows."""
    assert delta is not None
    counts: Counter[str] = Counter()
    for windows in (delta.minutes, delta.hours):
        for series in windows.values():
            counts.update({name: held.counters[TOTAL] for name, held in series.items()})
    return counts


def _taken(aggregator: Aggregator, provider: str) -> ProviderDelta:
    delta = aggregator.take(provider)
    assert delta is not None
    return delta


def test_folds_into_the_minute_of_the_moment() -> None:
    """Each observation is in the one delta of its provider, minute and model."""
    aggregator = _aggregator()
    aggregator.fold(Observation("openai", "gpt"), _NOW)
    aggregator.fold(Observation("openai", "gpt"), _NOW + 60)
    aggregator.fold(Observation("openai", "o3"), _NOW + 60)
    aggregator.fold(Observation("groq", "llama"), _NOW)

    assert aggregator.waiting() == ["openai", "groq"]
    assert aggregator.observations == 4
    assert aggregator.series_count() == 4
    openai = _taken(aggregator, "openai")
    assert {minute: set(series) for minute, series in openai.minutes.items()} == {
        _MINUTE: {"gpt"},
        _MINUTE + 1: {"gpt", "o3"},
    }
    assert openai.observations == 3
    assert aggregator.waiting() == ["groq"]
    assert aggregator.take("openai") is None


def test_old_minutes_merge_into_their_hour() -> None:
    """Memory over a long outage is bounded by minutes and hours; every request stays in its hour."""
    aggregator = _aggregator()
    expected: Counter[int] = Counter()
    for minute in range(180):
        aggregator.fold(Observation("openai", "gpt"), _NOW + 60 * minute)
        expected[(_MINUTE + minute) // 60 * 60] += 1
    delta = _taken(aggregator, "openai")

    assert len(delta.minutes) == FINE_MINUTES
    assert len(delta.hours) <= 4
    held: Counter[int] = Counter()
    for windows in (delta.minutes, delta.hours):
        for minute, series in windows.items():
            held[minute - minute % 60] += series["gpt"].counters[TOTAL]
    assert held == expected


def test_clock_set_back_folds_on() -> None:
    """A minute older than all that is held is folded into, however full the fine minutes are."""
    aggregator = _aggregator()
    for minute in range(FINE_MINUTES):
        aggregator.fold(Observation("openai", "gpt"), _NOW + 60 * minute)
    aggregator.fold(Observation("openai", "gpt"), _NOW - 3600)
    aggregator.fold(Observation("openai", "gpt"), _NOW - 3590)

    assert _taken(aggregator, "openai").minutes[_MINUTE - 60]["gpt"].counters[TOTAL] == 2


def test_models_qualify_by_success_or_the_apps_word() -> None:
    """A name from a request body is worth a series once it succeeded; the app's own unless it is an error of use."""
    aggregator = _aggregator()
    for model, outcome, vouched in (
        ("asked", "provider_error", False),
        ("worked", "success", False),
        ("named", "provider_error", True),
        ("misspelt", "caller_error", True),
    ):
        observation = Observation("openai", model, outcome=outcome, names_vouched=vouched)
        aggregator.fold(observation, _NOW)

    assert _taken(aggregator, "openai").models() == {
        "asked": False,
        "worked": True,
        "named": True,
        "misspelt": False,
    }


def test_providers_are_vouched_by_success_or_configuration() -> None:
    """A provider taken from a request body needs a success."""
    aggregator = _aggregator()
    aggregator.fold(Observation("asked", "m", outcome="timeout"), _NOW)
    aggregator.fold(Observation("worked", "m"), _NOW)
    aggregator.fold(Observation("configured", "m", outcome="timeout", provider_vouched=True), _NOW)

    vouched = {name: _taken(aggregator, name).is_vouched for name in aggregator.waiting()}
    assert vouched == {"asked": False, "worked": True, "configured": True}


def test_errors_are_listed_with_what_is_known() -> None:
    """Failures of provider or caller are listed oldest first; a disconnect or a cancellation is none."""
    aggregator = _aggregator()
    aggregator.fold(Observation("p", "m", outcome="client_disconnect"), _NOW)
    aggregator.fold(Observation("p", "m", outcome="cancelled"), _NOW)
    aggregator.fold(
        Observation(
            "p", "m", outcome="rate_limit", error_message="slow down", status_code=429, latency_seconds=0.5
        ),
        _NOW,
    )
    aggregator.fold(Observation("p", "m", outcome="app_exception", error_type="KeyError"), _NOW + 1)
    aggregator.fold(Observation("p", "m", outcome="truncated"), _NOW + 2)

    common = {"model": "m", "latency_ms": None, "status": None}
    assert list(_taken(aggregator, "p").errors) == [
        common
        | {
            "error": "slow down",
            "type": "rate_limit",
            "outcome": "rate_limit",
            "timestamp": _NOW,
            "status": 429,
            "latency_ms": 500.0,
        },
        common | {"error": "KeyError", "type": "other", "outcome": "app_exception", "timestamp": _NOW + 1},
        common | {"error": "truncated", "type": "other", "outcome": "truncated", "timestamp": _NOW + 2},
    ]


def test_errors_are_bounded() -> None:
    """Only the last hundred errors wait."""
    aggregator = _aggregator()
    for number in range(MAX_ERRORS_PER_PROVIDER + 7):
        aggregator.fold(Observation("p", "m", outcome="network", error_message=str(number)), _NOW)
    errors = _taken(aggregator, "p").errors

    assert [entry["error"] for entry in errors] == [str(number) for number in range(7, 107)]


def test_model_names_are_bounded_before_redis_is_asked() -> None:
    """Twice the models kept are candidates, then names count as `__other__`, unless they are known to be admitted."""
    aggregator = _aggregator(models=2)
    aggregator.known["p"] = {"admitted"}
    for model in ("a", "b", "c", "d", "e", "f", "admitted", "a"):
        aggregator.fold(Observation("p", model, outcome="caller_error"), _NOW)

    assert _requests(aggregator.take("p")) == {"a": 2, "b": 1, "c": 1, "d": 1, OTHER: 2, "admitted": 1}
    assert aggregator.take_overflow() == {"model": 2, "provider": 0}
    assert aggregator.take_overflow() == {"model": 0, "provider": 0}


def test_a_flood_of_invented_models_keeps_no_real_one_out() -> None:
    """Names that only fail leave as much room again to those that succeed; these are bounded too."""
    aggregator = _aggregator(models=2)
    for number in range(9):
        aggregator.fold(Observation("p", f"invented{number}", outcome="caller_error"), _NOW)
    for model in ("a", "b", "c"):
        aggregator.fold(Observation("p", model), _NOW)

    requests = _requests(aggregator.take("p"))
    assert {name: requests[name] for name in ("a", OTHER)} == {"a": 1, OTHER: 7}
    assert len(requests) == 3 * 2


def test_provider_names_are_bounded_before_redis_is_asked() -> None:
    """Twice the providers kept are candidates, three times those worth a series; then they count as `__other__`."""
    aggregator = _aggregator(providers=1)
    aggregator.known["admitted"] = set()
    for provider in ("a", "b", "c", "d", "admitted", "c"):
        aggregator.fold(Observation(provider, "m", outcome="caller_error"), _NOW)

    assert aggregator.waiting() == ["a", "b", OTHER, "admitted"]
    assert _taken(aggregator, OTHER).observations == 3
    assert aggregator.take_overflow() == {"model": 0, "provider": 3}

    aggregator = _aggregator(providers=2)
    for number in range(5):
        aggregator.fold(Observation(f"invented{number}", "m", outcome="caller_error"), _NOW)
    aggregator.fold(Observation("vouched", "m", outcome="network", provider_vouched=True), _NOW)

    assert aggregator.waiting() == ["invented0", "invented1", "invented2", "invented3", OTHER, "vouched"]


def test_names_in_use_are_told_with_what_they_are_worth() -> None:
    """What waits, for the admission to ask for: a success makes a provider and a model worth a series."""
    aggregator = _aggregator()
    aggregator.fold(Observation("p", "a"), _NOW)
    aggregator.fold(Observation("p", "b", outcome="caller_error"), _NOW)
    aggregator.fold(Observation("q", "c", outcome="caller_error"), _NOW)

    assert aggregator.names_in_use() == {"p": (True, {"a": True, "b": False}), "q": (False, {"c": False})}


def test_refused_models_are_lumped_together() -> None:
    """Refused models count under one name, over all windows; the number of their requests is told."""
    aggregator = _aggregator()
    for minute in range(FINE_MINUTES + 2):
        for model in ("kept", "x", "y"):
            aggregator.fold(Observation("p", model), _NOW + 60 * minute)
    delta = _taken(aggregator, "p")

    assert delta.lump({"x", "y", "absent"}) == 2 * (FINE_MINUTES + 2)
    assert _requests(delta) == {"kept": FINE_MINUTES + 2, OTHER: 2 * (FINE_MINUTES + 2)}
    assert delta.lump(set()) == 0


def test_deltas_given_back_come_before_later_ones() -> None:
    """Deltas that could not be sent merge with what arrived meanwhile, in the order of arrival."""
    aggregator = _aggregator()
    aggregator.fold(Observation("p", "m", outcome="timeout", error_message="first"), _NOW)
    delta = _taken(aggregator, "p")
    aggregator.fold(Observation("p", "m", error_message="none"), _NOW)
    aggregator.fold(Observation("p", "m", outcome="network", error_message="second"), _NOW)
    aggregator.give_back("p", delta)
    aggregator.fold(Observation("p", "m"), _NOW + 1)
    whole = _taken(aggregator, "p")

    assert whole.observations == 4
    assert _requests(whole) == {"m": 4}
    assert whole.minutes[_MINUTE]["m"].streak == 0
    assert [entry["error"] for entry in whole.errors] == ["first", "second"]


def test_deltas_given_back_alone() -> None:
    """Deltas given back when nothing arrived meanwhile wait as they were."""
    aggregator = _aggregator()
    aggregator.fold(Observation("p", "m"), _NOW)
    aggregator.give_back("p", _taken(aggregator, "p"))

    assert aggregator.waiting() == ["p"]
    assert _requests(aggregator.take("p")) == {"m": 1}


def test_refused_provider_counts_as_other() -> None:
    """A provider without a place of its own counts whole under `__other__`, its models too."""
    aggregator = _aggregator()
    aggregator.fold(Observation("p", "m"), _NOW)
    aggregator.fold(Observation("p", "n", outcome="timeout"), _NOW)
    aggregator.give_back(OTHER, _taken(aggregator, "p"), rename=OTHER)
    other = _taken(aggregator, OTHER)

    assert other.is_vouched
    assert _requests(other) == {OTHER: 2}
    assert len(other.errors) == 1


def test_gateways_are_folded_as_well() -> None:
    """An observation with a gateway counts there too."""
    aggregator = _aggregator()
    aggregator.fold(Observation("p", "m", gateway="openrouter"), _NOW)

    assert aggregator.waiting_gateways() == ["openrouter"]
    hours = aggregator.take_gateway("openrouter")
    assert {hour: delta.success for hour, delta in hours.items()} == {_MINUTE - _MINUTE % 60: 1}
    assert aggregator.waiting_gateways() == []


def test_words_are_bounded_over_all_series_and_flushes() -> None:
    """Finish reasons are fields of hashes that live long: the bound is the process's, not that of a flush."""
    aggregator = Aggregator(max_providers=9, max_models=9)
    for number in range(MAX_FINISH_REASONS):
        aggregator.fold(Observation("p", "m", finish_reason=f"r{number}"), _NOW)
        aggregator.take("p")
    aggregator.fold(Observation("q", "n", finish_reason="further"), _NOW)
    aggregator.fold(Observation("q", "n", finish_reason="r0"), _NOW)
    delta = aggregator.take("q")

    assert delta is not None
    assert delta.current["n"].finishes == {"other": 1, "r0": 1}
