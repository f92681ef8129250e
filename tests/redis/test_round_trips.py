"""How often the reader goes to Redis: few round trips, each of many commands, no search for keys."""

import asyncio
from collections.abc import AsyncIterator, Callable

import httpx
import pytest
import redis

from tests.support.redis_server import RedisServer
from tests.support.turn_counter import TurnCounter
from tokenpulse.recorder import Recorder
from tokenpulse_reader.app import create_app
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.totals.totals_records import Totals

PROVIDERS = 30
SCRAPES = 200


@pytest.fixture
async def counter(
    module_redis_server: RedisServer, open_recorder: Callable[..., Recorder]
) -> AsyncIterator[TurnCounter]:
    """Give the way to a server that knows thirty providers, with two models each."""
    with module_redis_server.client() as admin:
        admin.flushall()
    recorder = open_recorder(redis_url=module_redis_server.url)
    for number in range(PROVIDERS):
        for model in ("a", "b"):
            recorder.record(provider=f"p{number}", model=model, latency_ms=5.0)
    assert recorder.flush()
    async with TurnCounter(module_redis_server.port) as counter:
        yield counter


@pytest.mark.parametrize("hours", [1, 2, 24, 168])
async def test_a_window_of_thirty_providers_takes_five_round_trips_at_most(
    counter: TurnCounter, hours: int
) -> None:
    """The clock, the providers, their open windows, all the rest; the greeting of a connection not counted."""
    async with MetricsStore(counter.url) as store:
        await store.ping()
        counter.turns = 0
        windows = await store.provider_windows(hours)

    assert [window.total().requests for window in windows] == [2] * PROVIDERS
    assert 0 < counter.turns <= 5


async def test_scrapes_at_once_load_one_snapshot_without_searching(
    counter: TurnCounter, module_redis_server: RedisServer
) -> None:
    """Nobody loads in the background: the first request does, once, for all."""
    settings = Settings.load({}, redis_url=counter.url, snapshot_interval=60.0)
    with module_redis_server.client() as admin:
        admin.config_resetstat()
        async with MetricsStore(settings=settings) as store:
            loads, load = [], store.totals

            async def noted() -> Totals:
                loads.append(1)
                return await load()

            store.totals = noted  # type: ignore[method-assign]  # counts what is loaded
            transport = httpx.ASGITransport(app=create_app(settings, store=store))
            async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
                answers = await asyncio.gather(*(client.get("/metrics") for _ in range(SCRAPES)))
        commands = _commands(admin)

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.content for answer in answers}) == 1
    assert len(loads) == 1
    assert not {"scan", "keys", "hscan", "zscan"} & commands


def _commands(admin: redis.Redis) -> set[str]:
    return {name.removeprefix("cmdstat_") for name in admin.info("commandstats")}
