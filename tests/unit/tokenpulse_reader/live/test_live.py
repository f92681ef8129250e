"""Tests of telling clients of each new snapshot."""

import asyncio
import json
from typing import Any

import pytest

from tests.support.live_snapshots import live_snapshot
from tokenpulse_reader.live.live import LiveClient, LiveFeed
from tokenpulse_reader.snapshots.served import Served
from tokenpulse_reader.snapshots.snapshot import Snapshot
from tokenpulse_shared.errors import StoreUnavailableError

EPOCH = "0123abcd"


class Feed:
    """Hold a feed with what is served at present."""

    def __init__(self, max_clients: int = 9) -> None:
        self.present: Served[Snapshot] | None = None
        self.feed = LiveFeed(lambda: self.present, EPOCH, max_clients=max_clients)

    def serve(self, version: int, requests: int, age_seconds: float | None = None) -> None:
        """Serve a snapshot from now on."""
        self.present = Served(live_snapshot(version, requests), 1000.0 + version, age_seconds)

    def join(self, last_event_id: str | None = None) -> LiveClient:
        """Return a new client."""
        client = self.feed.join(last_event_id)
        assert client is not None
        return client


def told(event: bytes | None) -> tuple[str, int, int | None] | None:
    """Return an event's name, its version, the requests it tells."""
    if event is None:
        return None
    fields = dict(line.split(": ", 1) for line in event.decode().strip().split("\n"))
    data: dict[str, Any] = json.loads(fields["data"])
    requests: int | None = data.get("realtime", {}).get("total_requests")
    return fields["event"], data["version"], requests


def test_a_new_client_is_told_the_whole_snapshot_once() -> None:
    """Then nothing until there is a new one."""
    feed = Feed()
    client = feed.join()
    before = client.next_event()
    feed.serve(1, 5)

    assert before is None
    assert [told(client.next_event()), told(client.next_event())] == [("snapshot", 1, 5), None]


def test_a_change_is_told_whole_the_same_as_such() -> None:
    """A version whose content is that of the one before is told by its number."""
    feed = Feed()
    client = feed.join()
    events = []
    for version, requests in ((1, 5), (2, 5), (3, 6), (4, 6), (6, 6)):
        feed.serve(version, requests)
        events.append(told(client.next_event()))

    assert events == [
        ("snapshot", 1, 5),
        ("same", 2, None),
        ("snapshot", 3, 6),
        ("same", 4, None),
        ("same", 6, None),
    ]


def test_a_client_that_skips_a_change_is_told_the_present() -> None:
    """What was replaced before it looked is not told; the content it lacks is."""
    feed = Feed()
    slow, quick = feed.join(), feed.join()
    events = []
    for version, requests in ((1, 5), (2, 6), (3, 6)):
        feed.serve(version, requests)
        quick.next_event()
        if version != 2:
            events.append(told(slow.next_event()))

    assert events == [("snapshot", 1, 5), ("snapshot", 3, 6)]


@pytest.mark.parametrize(
    ("last_event_id", "expected"),
    [
        (f"{EPOCH}-4", ("same", 4, None)),
        (f"{EPOCH}-3", ("same", 4, None)),
        (f"{EPOCH}-2", ("snapshot", 4, 6)),
        (f"{EPOCH}-5", ("snapshot", 4, 6)),
        ("ffffffff-4", ("snapshot", 4, 6)),
        (None, ("snapshot", 4, 6)),
    ],
)
def test_resuming(last_event_id: str | None, expected: tuple[str, int, int | None]) -> None:
    """A client with the present content is told so; one that missed a change, or knew another run, all of it."""
    feed = Feed()
    other = feed.join()
    for version, requests in ((2, 5), (3, 6), (4, 6)):
        feed.serve(version, requests)
        other.next_event()

    assert told(feed.join(last_event_id).next_event()) == expected


def test_an_event_is_written_once_for_all() -> None:
    """Every client is sent the same bytes."""
    feed = Feed()
    feed.serve(1, 5)
    events = [feed.join().next_event() for _ in range(5)]

    assert len({id(event) for event in events}) == 1


def test_growing_stale_is_told_then_the_next_snapshot() -> None:
    """Once, with the age; the age again when asked for; fresh again by a new version."""
    feed = Feed()
    client = feed.join()
    feed.serve(1, 5)
    client.next_event()
    fresh_age = client.age_event()
    feed.serve(1, 5, age_seconds=3.0)
    events = [told(client.next_event()), told(client.next_event()), told(client.age_event())]
    feed.serve(2, 5)

    assert fresh_age is None
    assert events == [("stale", 1, None), None, ("stale", 1, None)]
    assert told(client.next_event()) == ("same", 2, None)


def test_a_client_that_comes_while_stale_gets_content_when_it_is_fresh() -> None:
    """Hearing of an age is not having the content."""
    feed = Feed()
    feed.serve(1, 5, age_seconds=3.0)
    client = feed.join()
    first = told(client.next_event())
    feed.serve(2, 5)

    assert (first, told(client.next_event())) == (("stale", 1, None), ("snapshot", 2, 5))


async def test_each_attempt_to_load_wakes_the_clients() -> None:
    """A failed one too: it may have made what is served stale."""
    feed = Feed()
    clients = [feed.join(), feed.join()]
    results: list[Snapshot | Exception] = [live_snapshot(1, 5), StoreUnavailableError("away")]

    async def load() -> Snapshot:
        result = results.pop(0)
        if isinstance(result, Exception):
            raise result
        return result

    announcing = feed.feed.announcing(load)
    asleep = await clients[0].wait(0.0)
    loaded = await announcing()
    awake = [await client.wait(9.0) for client in clients]
    for client in clients:
        client.next_event()
    with pytest.raises(StoreUnavailableError):
        await announcing()

    assert (asleep, loaded.version, awake) == (False, 1, [True, True])
    assert [await client.wait(9.0) for client in clients] == [True, True]


async def test_clients_are_bounded() -> None:
    """One too many is refused until another leaves."""
    feed = Feed(max_clients=2)
    first, _ = feed.join(), feed.join()
    refused = feed.feed.join(None)
    feed.feed.leave(first)

    assert refused is None
    assert feed.feed.clients == 1
    assert feed.feed.join(None) is not None


async def test_the_end_closes_all_and_takes_no_more() -> None:
    """Each client is woken to see it."""
    feed = Feed()
    client = feed.join()
    waiting = asyncio.create_task(client.wait(9.0))
    await asyncio.sleep(0)
    feed.feed.end()

    assert await waiting
    assert not client.is_open
    assert feed.feed.join(None) is None
