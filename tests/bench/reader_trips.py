"""Count how often the reader goes to Redis: for a day of many providers, for many scrapes at once."""

import asyncio
from typing import Final
from urllib.parse import urlsplit

from starlette.types import ASGIApp, Message

from tests.bench.table import Figure
from tests.support.turn_counter import TurnCounter
from tokenpulse_reader.app import create_app
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore

SCRAPES: Final = 1000
MOST_TURNS: Final = 5


async def measure_trips(url: str) -> list[Figure]:
    """Return round trips for a day of the providers at the URL, loads for scrapes at once."""
    port = urlsplit(url).port
    assert port is not None
    async with TurnCounter(port) as counter:
        settings = Settings.load({}, redis_url=counter.url, snapshot_interval=60.0)
        async with MetricsStore(settings=settings) as store:
            await store.ping()  # a connection's greeting is no part of it
            counter.turns = 0
            windows = await store.provider_windows(24)
            turns = counter.turns
        loads, refused = await _scrape_at_once(settings)
    return [
        Figure(
            f"{len(windows)} providers × 24 h, round trips",
            str(turns),
            "",
            f"≤ {MOST_TURNS}",
            turns <= MOST_TURNS,
        ),
        Figure(
            f"{SCRAPES:,} scrapes at once of a reader without a snapshot: loads, refused",
            f"{loads}, {refused}",
            "",
            "1, 0",
            (loads, refused) == (1, 0),
        ),
    ]


async def _scrape_at_once(settings: Settings) -> tuple[int, int]:
    """Return how often the counters were loaded, how many scrapes were not answered with 200."""
    async with MetricsStore(settings=settings) as store:
        app = create_app(settings, store=store)
        loads, load_totals = 0, store.totals

        async def counted() -> object:
            nonlocal loads
            loads += 1
            return await load_totals()

        store.totals = counted  # type: ignore[method-assign]  # counts what is loaded
        statuses = await asyncio.gather(*(_scrape(app) for _ in range(SCRAPES)))
    return loads, sum(status != 200 for status in statuses)


async def _scrape(app: ASGIApp) -> int:
    """Return the status of one scrape; a client library would keep the loop busier than the reader does."""
    statuses: list[int] = []

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    await app(
        {
            "type": "http",
            "asgi": {"version": "3.0"},
            "http_version": "1.1",
            "method": "GET",
            "scheme": "http",
            "path": "/metrics",
            "raw_path": b"/metrics",
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"localhost")],
            "client": ("127.0.0.1", 1),
            "server": ("127.0.0.1", 9100),
        },
        receive,
        send,
    )
    return statuses[0]
