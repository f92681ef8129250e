"""Tell clients of each new snapshot: who listens, what each has seen, what it is to be sent next.

Strategy: nothing is queued. A client that is woken is sent the present state, so one that reads slowly skips what
was replaced meanwhile; a snapshot is written as an event once, for all. It is sent whole when its content changed
since the client's last one, else only its version.
Bounds: `MAX_CLIENTS`; one event, shared by all; for each client a flag with a number.
"""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final, NamedTuple

from tokenpulse_reader.live.live_events import (
    same_event,
    seen_version,
    snapshot_content,
    stale_event,
    whole_event,
)
from tokenpulse_reader.snapshots.served import Served
from tokenpulse_reader.snapshots.snapshot import Snapshot

MAX_CLIENTS: Final = 200

Peek = Callable[[], Served[Snapshot] | None]


class _Written(NamedTuple):
    """Hold a version's events; its content is that of every version since `changed_version`."""

    version: int
    changed_version: int
    content: Mapping[str, Any]
    whole: bytes
    same: bytes


class LiveFeed:
    """Keep the clients; belongs to one event loop.

    `epoch`: 8 hexadecimal digits, different at each start of a reader.
    """

    def __init__(self, peek: Peek, epoch: str, *, max_clients: int = MAX_CLIENTS) -> None:
        self._peek = peek
        self._epoch = epoch
        self._max_clients = max_clients
        self._clients: set[LiveClient] = set()
        self._written: _Written | None = None
        self._is_ended = False

    @property
    def clients(self) -> int:
        """Return how many listen."""
        return len(self._clients)

    def announcing(self, load: Callable[[], Awaitable[Snapshot]]) -> Callable[[], Awaitable[Snapshot]]:
        """Return a loader that wakes the clients after each attempt, whatever came of it.

        They look at what is served once the loop runs them, which is after the snapshot was swapped in.
        """

        async def load_and_announce() -> Snapshot:
            try:
                return await load()
            finally:
                self._wake_all()

        return load_and_announce

    def join(self, last_event_id: str | None) -> "LiveClient | None":
        """Return a new client, None when there are too many or the feed has ended; it must `leave` the feed."""
        if self._is_ended or len(self._clients) >= self._max_clients:
            return None
        client = LiveClient(self, seen_version(last_event_id, self._epoch))
        self._clients.add(client)
        return client

    def leave(self, client: "LiveClient") -> None:
        """Forget a client."""
        self._clients.discard(client)

    def end(self) -> None:
        """End all streams now, take no more: the server is about to stop."""
        self._is_ended = True
        for client in self._clients:
            client.close()

    def served(self) -> Served[Snapshot] | None:
        """Return what is served at present."""
        return self._peek()

    def event_for(self, snapshot: Snapshot, seen: int | None) -> bytes:
        """Return the event that brings a client from the version it has seen to this one."""
        written = self._written
        if written is None or written.version != snapshot.version:
            written = self._written = self._write(snapshot, written)
        has_content = seen is not None and written.changed_version <= seen <= written.version
        return written.same if has_content else written.whole

    def _write(self, snapshot: Snapshot, before: _Written | None) -> _Written:
        version, computed_at = snapshot.version, snapshot.computed_at
        content = snapshot_content(snapshot)
        is_same = before is not None and before.content == content
        return _Written(
            version,
            before.changed_version if before is not None and is_same else version,
            content,
            whole_event(self._epoch, version, computed_at, content),
            same_event(self._epoch, version, computed_at),
        )

    def _wake_all(self) -> None:
        for client in self._clients:
            client.wake()


class LiveClient:
    """Know what one client has seen; `seen`: the version it came with, None for nothing."""

    def __init__(self, feed: LiveFeed, seen: int | None) -> None:
        self._feed = feed
        self._seen = seen
        self._told: tuple[int, bool] | None = None
        self._awake = asyncio.Event()
        self.is_open = True

    def wake(self) -> None:
        """Have it look again."""
        self._awake.set()

    def close(self) -> None:
        """Have its stream end."""
        self.is_open = False
        self._awake.set()

    def next_event(self) -> bytes | None:
        """Return what it has not been told yet; None when there is nothing."""
        self._awake.clear()
        served = self._feed.served()
        if served is None:
            return None
        state = served.value.version, served.is_stale
        if state == self._told:
            return None
        self._told = state
        if served.is_stale:
            return stale_event(served)
        event = self._feed.event_for(served.value, self._seen)
        self._seen = served.value.version
        return event

    def age_event(self) -> bytes | None:
        """Return how old the snapshot is by now, None while it is fresh."""
        served = self._feed.served()
        return stale_event(served) if served is not None and served.is_stale else None

    async def wait(self, seconds: float) -> bool:
        """Return once there may be something new; False when there was nothing for that long."""
        try:
            async with asyncio.timeout(seconds):
                await self._awake.wait()
        except TimeoutError:
            return False
        return True
