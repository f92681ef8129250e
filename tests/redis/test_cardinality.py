"""Tests that names from callers, however many, keep totals exact, series bounded and real models where they are.

The same with ten million names is a part of `make bench`.
"""

from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest
import redis

from tests.support.name_flood import REAL_MODELS, NameFlood, flood_observations
from tests.support.written import KEYS, model_names, series_totals, total
from tokenpulse.recorder import Recorder
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.records import Observation

MakeRecorder = Callable[..., Recorder]

MODELS: Final = 50
PROVIDERS: Final = 10
FLUSH_EVERY: Final = 2_000


def _providers(client: redis.Redis) -> set[str]:
    return {name.decode() for name in client.zrange(KEYS.providers(), 0, -1)}


def _rss_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * 4096


def _flood(recorders: list[Recorder], flood: NameFlood, names: range) -> None:
    """Record the flood by turns, flushing now and then."""
    for number, observation in enumerate(flood_observations(flood, names), start=1):
        recorders[number % len(recorders)].observe(observation)
        if number % FLUSH_EVERY == 0:
            for recorder in recorders:
                assert recorder.flush()
    for recorder in recorders:
        assert recorder.flush()


def test_a_flood_of_models_leaves_everything_exact_and_bounded(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """Two writers, 60,000 invented names, some of which an upstream even answers: every count is in its place."""
    recorders = [make_recorder(max_models_per_provider=MODELS, max_providers=PROVIDERS) for _ in range(2)]
    flood = NameFlood()
    _flood(recorders, flood, range(0))
    _flood(recorders, flood, range(30_000))
    keys, held_bytes = redis_client.dbsize(), redis_client.memory_usage(KEYS.models("openai"))
    rss = _rss_bytes()
    _flood(recorders, flood, range(30_000, 60_000))

    assert total(redis_client, "openai") == flood.total
    names = model_names(redis_client, "openai")
    assert len(names) <= MODELS + 1
    assert {name: total(redis_client, "openai", name) for name in REAL_MODELS} == flood.real
    assert sum(total(redis_client, "openai", name) for name in names) == flood.total
    assert redis_client.dbsize() == pytest.approx(keys, abs=20)  # a minute may have turned
    assert redis_client.memory_usage(KEYS.models("openai")) == held_bytes
    assert _rss_bytes() - rss < 5 * 2**20


def test_a_real_model_gets_its_place_in_the_middle_of_a_flood(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """While there is room in the index, names that only fail keep no other out of a flush."""
    recorder = make_recorder(max_models_per_provider=5)
    for number in range(1_000):
        recorder.observe(Observation("openai", f"invented{number}", outcome="caller_error"))
    recorder.observe(Observation("openai", "new"))
    for number in range(1_000):
        recorder.observe(Observation("openai", f"invented{number}", outcome="caller_error"))
    assert recorder.flush()

    assert model_names(redis_client, "openai") == {"new", OTHER}
    assert (total(redis_client, "openai", "new"), total(redis_client, "openai", OTHER)) == (1, 2_000)


def test_a_flood_of_providers_is_one_series(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """Invented prefixes of model ids count under one provider; a flush asks for them all at once."""
    recorder = make_recorder(max_providers=PROVIDERS)
    recorder.observe(Observation("openai", "gpt-4o", outcome="network", provider_vouched=True))
    redis_client.config_resetstat()
    for number in range(20_000):
        recorder.observe(Observation(f"invented{number}", f"m{number}", outcome="caller_error"))
        if number % FLUSH_EVERY == FLUSH_EVERY - 1:
            assert recorder.flush()

    calls = redis_client.info("commandstats")["cmdstat_evalsha"]["calls"]
    assert _providers(redis_client) == {"openai", OTHER}
    assert (total(redis_client, OTHER), total(redis_client, OTHER, OTHER)) == (20_000, 20_000)
    assert model_names(redis_client, OTHER) == {OTHER}
    assert calls <= 8 * (20_000 // FLUSH_EVERY)


def test_providers_that_an_upstream_answers_are_bounded(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """Even where every invented provider succeeds there are so many series and no more; sums are exact."""
    recorders = [make_recorder(max_providers=PROVIDERS, max_models_per_provider=MODELS) for _ in range(2)]
    for number in range(6_000):
        recorders[number % 2].observe(Observation(f"invented{number % 1_500}", f"m{number}"))
        if number % 500 == 499:
            for recorder in recorders:
                assert recorder.flush()

    providers = _providers(redis_client)
    assert len(providers - {OTHER}) == PROVIDERS
    assert sum(total(redis_client, provider) for provider in providers) == 6_000
    for provider in providers:
        models = model_names(redis_client, provider)
        assert len(models) <= MODELS + 1
        assert sum(total(redis_client, provider, model) for model in models) == total(redis_client, provider)


def test_idle_writers_agree_after_redis_lost_everything(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """After FLUSHALL a writer asks for its names anew: what others took meanwhile is theirs, and sums are exact."""
    old, new = (make_recorder(max_models_per_provider=3) for _ in range(2))
    for model in ("a", "b", "c"):
        old.observe(Observation("p", model))
    assert old.flush()
    redis_client.flushall()
    for model in ("x", "y", "z"):
        new.observe(Observation("p", model))
    assert new.flush()
    for _ in range(4):
        old.observe(Observation("p", "d"))
        old.observe(Observation("p", "a"))
        old.flush()

    names = model_names(redis_client, "p")
    assert names >= {"x", "y", "z", OTHER}
    assert "d" not in names
    assert sum(total(redis_client, "p", name) for name in names) == total(redis_client, "p") == 3 + 3 + 8


def test_neither_user_tiers_nor_response_models_make_series(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """They are for callbacks and prices: however many there are, Redis holds none."""
    recorder = make_recorder()
    for number in range(500):
        recorder.observe(Observation("p", "m", user_tier=f"tier{number}", response_model=f"canary{number}"))
    assert recorder.flush()

    held = b"".join(key + (redis_client.dump(key) or b"") for key in redis_client.scan_iter("*"))
    assert b"tier" not in held
    assert b"canary" not in held
    assert series_totals(redis_client, "p", "m")["total_requests"] == 500


def test_the_flood_is_what_it_says() -> None:
    """The books of the flood name every request once."""
    flood = NameFlood()
    seen = Counter(observation.model for observation in flood_observations(flood, range(1_000)))

    assert {name: seen[name] for name in REAL_MODELS} == flood.real
    assert (seen.total(), len(seen)) == (flood.total, 1_000 + len(REAL_MODELS))
