"""What a real Redis holds after an outage, against a ledger and against a writer that saw no outage."""

import random
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import pytest

from tests.support.clock import FakeClock
from tests.support.ledger import Ledger, load_counters, load_totals
from tests.support.redis_server import RedisServer
from tokenpulse.aggregation.provider_delta import FINE_MINUTES
from tokenpulse.outage import backlog
from tokenpulse.recorder import Recorder
from tokenpulse_shared.counters import PROVIDER_SKETCHED, SKETCHED
from tokenpulse_shared.keyspace import Keyspace, stamp
from tokenpulse_shared.records import InterTokenLatency, Observation
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.sketch import COARSE_SCALE, FINE_SCALE, Sketch, bucket_index, rescaled
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.series_window import Row, SeriesWindow

_DAY = 1_700_006_400.0
"""Start of a day, epoch seconds."""
_BEGIN = _DAY - 20 * 60.0
_MINUTES = 70
_AWAY = range(5, 66)
"""The minutes without Redis: an hour and a day turn among them."""
_SERIES = (("acme", "a"), ("acme", "b"), ("acme", "seldom"), ("other:co", "a"))
_CONTROL = "control:"

MakeRecorder = Callable[..., Recorder]


class _Call(NamedTuple):
    minute: int
    observation: Observation


def _calls() -> list[_Call]:
    """Return the same traffic each time: all kinds of outcomes and times, each series begins with a success."""
    source = random.Random(11)
    calls = [_Call(0, _observation(source, *series, outcome="success")) for series in _SERIES]
    for minute in range(_MINUTES):
        for provider, model in _SERIES:
            for _ in range(source.randrange(5) if model != "seldom" else minute % 30 == 0):
                outcome = source.choice(("success", "success", "rate_limit", "client_disconnect"))
                calls.append(_Call(minute, _observation(source, provider, model, outcome=outcome)))
    return calls


def _observation(source: random.Random, provider: str, model: str, *, outcome: str) -> Observation:
    gaps = Counter(bucket_index(source.lognormvariate(-4.0, 1.0)) for _ in range(source.randrange(1, 30)))
    first = source.choice((0.0, source.lognormvariate(-1.0, 1.0)))
    return Observation(
        provider,
        model,
        streaming=True,
        outcome=outcome,
        error_type="overloaded" if outcome == "rate_limit" else None,
        finish_reason=source.choice((None, "stop", "length")),
        latency_seconds=first + source.lognormvariate(0.0, 1.0),
        ttfb_seconds=first,
        ttft_seconds=first,
        first_visible_seconds=first,
        tpot_seconds=source.lognormvariate(-4.0, 0.5),
        send_wait_seconds=source.choice((1e-5, 2e-3)),
        tokens_input=source.randrange(10_000),
        tokens_output=source.randrange(2**40),
        usage_source="reported",
        cost_nano_usd=source.randrange(10**9),
        endpoint="/v1/chat/completions",
        itl=InterTokenLatency(0.5, gaps.total(), tuple(gaps.items())),
        provider_vouched=True,
    )


def _go_through(recorder: Recorder, clock: FakeClock) -> Iterator[int]:
    """Record minute by minute; yield each once it is recorded."""
    calls = _calls()
    for minute in range(_MINUTES):
        for call in calls:
            if call.minute == minute:
                recorder.observe(call.observation)
        yield minute
        clock.advance(60.0)


def _with_outage(make_recorder: MakeRecorder, server: RedisServer) -> Recorder:
    clock = FakeClock(_BEGIN)
    recorder = make_recorder(server.url, clock=clock)
    for minute in _go_through(recorder, clock):
        if minute == _AWAY.start:
            server.kill()
        if minute == _AWAY.stop:
            server.restart(keep_data=True)
        assert recorder.flush() is (minute not in _AWAY)
    return recorder


def _without_outage(make_recorder: MakeRecorder, server: RedisServer) -> None:
    clock = FakeClock(_BEGIN)
    recorder = make_recorder(server.url, clock=clock, key_prefix=_CONTROL)
    for _ in _go_through(recorder, clock):
        assert recorder.flush()


def _store(server: RedisServer, **given: str) -> MetricsStore:
    clock = FakeClock(_BEGIN + (_MINUTES - 1) * 60.0)
    return MetricsStore(settings=Settings.load({}, redis_url=server.url, **given), clock=clock)


def _at_scale(row: Row, scale: int) -> tuple[int, dict[str, int], dict[str, dict[int, int]]]:
    def buckets(sketch: Sketch) -> dict[int, int]:
        return rescaled(sketch.buckets, sketch.scale, scale)

    return row.start, row.counters, {name: buckets(sketch) for name, sketch in row.sketches.items()}


def _rows(window: SeriesWindow, scale: int) -> list[tuple[int, dict[str, int], dict[str, dict[int, int]]]]:
    return [_at_scale(row, scale) for row in window.rows]


def test_totals_equal_a_ledger(make_recorder: MakeRecorder, redis_server: RedisServer) -> None:
    """Every request, token and nano-dollar of an hour without Redis is in the totals, once."""
    _with_outage(make_recorder, redis_server)
    ledger = Ledger()
    for _, call in _calls():
        ledger.note(
            call.provider,
            call.model,
            tokens_input=call.tokens_input,
            tokens_output=call.tokens_output,
            total_cost=call.cost_nano_usd,
        )

    with redis_server.client() as client:
        books = load_counters(client, "total_requests", "tokens_input", "tokens_output", "total_cost")
    assert books == ledger.counters()


async def test_hours_have_every_count_of_their_sketches(
    make_recorder: MakeRecorder, redis_server: RedisServer
) -> None:
    """Each hour's sketch of latencies holds exactly the latencies of that hour."""
    _with_outage(make_recorder, redis_server)
    noted: Counter[tuple[int, int]] = Counter()
    for minute, call in _calls():
        if (call.provider, call.model) == ("acme", "a"):
            hour = int(_BEGIN + minute * 60) // 3600 * 3600
            noted[hour, bucket_index(call.latency_seconds) >> FINE_SCALE - COARSE_SCALE] += 1

    async with _store(redis_server) as store:
        rows = (await store.hourly("acme", 3, "a")).rows
    held = {
        (row.start, index): count
        for row in rows
        for index, count in rescaled(
            row.sketches["latency"].buckets, row.sketches["latency"].scale, COARSE_SCALE
        ).items()
    }
    assert held == noted


async def test_an_outage_leaves_what_there_would_be_without_it(
    make_recorder: MakeRecorder, redis_server: RedisServer
) -> None:
    """Totals, days, hours with all their sketches, errors and names are those of a writer that saw no outage."""
    _with_outage(make_recorder, redis_server)
    _without_outage(make_recorder, redis_server)
    keys, control = Keyspace(), Keyspace(_CONTROL)
    with redis_server.client() as client:
        assert load_totals(client, keys) == load_totals(client, control)
        for provider, model in _SERIES:
            for day in (_BEGIN, _DAY):
                held = client.hgetall(keys.counters(provider, model, stamp("day", day)))
                assert held == client.hgetall(control.counters(provider, model, stamp("day", day))) != {}

    async with _store(redis_server) as store, _store(redis_server, key_prefix=_CONTROL) as expected:
        assert await store.providers() == await expected.providers() == ["acme", "other:co"]
        for provider in ("acme", "other:co"):
            assert await store.models(provider) == await expected.models(provider)
            assert await store.recent_errors(provider) == await expected.recent_errors(provider) != []
        for provider, model in (*_SERIES, ("acme", None), ("other:co", None)):
            hours = _rows(await store.hourly(provider, 3, model), COARSE_SCALE)
            assert hours == _rows(await expected.hourly(provider, 3, model), COARSE_SCALE)
            assert len(hours) == 2
            wanted = SKETCHED if model else PROVIDER_SKETCHED
            assert all(set(sketches) == set(wanted) for _, _, sketches in hours)


async def _minutes(server: RedisServer, model: str | None, **given: str) -> dict[int, object]:
    """Return the rows of a series of `acme` by minute since the beginning."""
    async with _store(server, **given) as store:
        window = (
            await store.provider_window("acme", minutes=_MINUTES)
            if model is None
            else await store.model_window("acme", model, minutes=_MINUTES)
        )
    return {int(row.start - _BEGIN) // 60: _at_scale(row, FINE_SCALE) for row in window.rows}


@pytest.mark.parametrize(
    ("model", "most_bytes", "lost"),
    [
        ("a", backlog.MOST_BYTES, range(_AWAY.start + 1, _AWAY.stop - FINE_MINUTES)),
        ("a", 0, range(_AWAY.start + 1, _AWAY.stop - 1)),
        (None, 0, range(_AWAY.start + 1, _AWAY.stop - FINE_MINUTES)),
    ],
)
async def test_only_old_minutes_are_given_up(
    make_recorder: MakeRecorder,
    redis_server: RedisServer,
    monkeypatch: pytest.MonkeyPatch,
    model: str | None,
    most_bytes: int,
    lost: range,
) -> None:
    """The last minutes are as without an outage; where memory is short a model keeps one, a provider all of them."""
    monkeypatch.setattr(backlog, "MOST_BYTES", most_bytes)
    _with_outage(make_recorder, redis_server)
    _without_outage(make_recorder, redis_server)

    expected = await _minutes(redis_server, model, key_prefix=_CONTROL)
    held = await _minutes(redis_server, model)
    assert held == {minute: row for minute, row in expected.items() if minute not in lost}
    assert len(expected) - len(held) > len(lost) // 2


async def test_sketches_of_hours_that_are_over_go_before_counts(
    make_recorder: MakeRecorder, redis_server: RedisServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without room a model's past hour keeps its counters, and of its sketches what was sent before the outage."""
    monkeypatch.setattr(backlog, "PAST_BYTES", 0)
    _with_outage(make_recorder, redis_server)
    _without_outage(make_recorder, redis_server)

    async with _store(redis_server) as store, _store(redis_server, key_prefix=_CONTROL) as control:
        past, open_hour = _rows(await store.hourly("acme", 3, "a"), COARSE_SCALE)
        whole_past, whole_open = _rows(await control.hourly("acme", 3, "a"), COARSE_SCALE)
    assert past[1] == whole_past[1]
    assert 0 < sum(past[2]["latency"].values()) < sum(whole_past[2]["latency"].values())
    assert open_hour == whole_open
