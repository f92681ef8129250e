"""Tests of which names a flush keeps apart."""

from collections.abc import Callable

import pytest
import redis

from tests.support.written import KEYS, model_names, record_each, total
from tokenpulse.recorder import Recorder
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.names import OTHER

MakeRecorder = Callable[..., Recorder]


def test_model_cap_is_shared_by_two_writers(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """Two writers agree on which models are series; the rest count under one name, totals stay exact."""
    one, other = (make_recorder(max_models_per_provider=3) for _ in range(2))
    record_each(one, "p", "a", "b", "x1", "a")
    one.flush()
    record_each(other, "p", "b", "x2", "x3", "c")
    record_each(one, "p", "x4", "c")
    assert other.flush()
    assert one.flush()

    counts = {name: total(redis_client, "p", name) for name in model_names(redis_client, "p")}
    assert counts == {"a": 2, "b": 2, "x1": 1, OTHER: 5}
    assert total(redis_client, "p") == 10
    assert one.stats()["counts"]["overflow:model"] == 2
    assert other.stats()["counts"]["overflow:model"] == 3


def test_provider_cap_counts_the_rest_as_other(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """Providers past the cap count under one name even when that name has traffic of its own already."""
    recorder = make_recorder(max_providers=2)
    for _ in range(2):
        for provider in ("a", "b", "c", "d"):
            record_each(recorder, provider, "m")
        assert recorder.flush()

    names = {name.decode() for name in redis_client.zrange(KEYS.providers(), 0, -1)}
    assert {name: total(redis_client, name) for name in names} == {"a": 2, "b": 2, OTHER: 4}
    assert total(redis_client, OTHER, OTHER) == 4
    assert recorder.stats()["counts"]["overflow:provider"] == 4


def test_overflow_within_the_process_is_counted(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """Requests that counted as the rest before Redis was asked are told as well, by what overflowed."""
    recorder = make_recorder(max_models_per_provider=1, max_routes=1)
    record_each(recorder, "p", "a", "b", "c", "d")
    for route in ("/a", "/b", "/c"):
        recorder.count_http(HttpExchange("GET", route, 200, 0.1, 0, 0, None))
    recorder.flush()

    assert total(redis_client, "p") == 4
    assert model_names(redis_client, "p") == {"a", OTHER}
    counts = recorder.stats()["counts"]
    assert (counts["overflow:model"], counts["overflow:route"]) == (3, 2)


def test_strange_names_never_share_a_key(make_recorder: MakeRecorder, redis_client: redis.Redis) -> None:
    """Names that hold separators, braces, percent signs or control characters count apart, in their own slot."""
    pairs = [
        ("a:b", "c"), ("a", "b:c"), ("a", "b%3Ac"), ("a}", "c"), ("{a}", "c"), ("a%", "c"), ("a%7D", "c"),
        ("a\n", "c"), ("a ", "c"), ("a", "2026-11-21:01"), ("a", "*"), ("a", "c\udc80"), ("ä", "ü"),
    ]  # fmt: skip
    recorder = make_recorder()
    for number, (provider, model) in enumerate(pairs, start=1):
        for _ in range(number):
            recorder.record(provider=provider, model=model)
    assert recorder.flush()

    clean = {(p.replace("\n", "\ufffd"), m.replace("\udc80", "\ufffd")) for p, m in pairs}
    providers = [name.decode() for name in redis_client.zrange(KEYS.providers(), 0, -1)]
    found = {(p, m): total(redis_client, p, m) for p in providers for m in model_names(redis_client, p)}
    assert found.keys() == clean
    assert sorted(found.values()) == list(range(1, len(pairs) + 1))


def test_models_whose_index_refuses_count_as_the_rest(
    make_recorder: MakeRecorder, redis_client: redis.Redis
) -> None:
    """One provider's foreign index costs its models their names, other providers nothing."""
    redis_client.set(KEYS.models("p"), "mine")
    recorder = make_recorder()
    record_each(recorder, "p", "m")
    record_each(recorder, "q", "m")

    assert recorder.flush()
    assert (total(redis_client, "p"), total(redis_client, "p", OTHER)) == (1, 1)
    assert total(redis_client, "q", "m") == 1


def test_an_index_that_refuses_stops_no_counts(
    make_recorder: MakeRecorder, redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """Foreign keys where the indexes should be: counts go to the rest, exact; it is counted and logged."""
    for key in (KEYS.providers(), KEYS.gateways(), KEYS.apps(), KEYS.writers("app")):
        redis_client.set(key, "mine")
    recorder = make_recorder()
    record_each(recorder, "p", "m", "n", gateway="g")

    assert recorder.flush()
    assert (total(redis_client, "p"), total(redis_client, OTHER, OTHER)) == (0, 2)
    assert redis_client.mget(KEYS.providers(), KEYS.writers("app")) == [b"mine", b"mine"]
    counts = recorder.stats()["counts"]
    assert (counts["fault:redis_key_refused"], counts["overflow:gateway"]) == (3, 1)
    assert "an index refused names: " in caplog.text
