"""Drive a `RedisWriter` by hand against a real Redis."""

from collections.abc import Iterator
from contextlib import contextmanager

import redis

from tests.support.clock import FakeClock
from tokenpulse.batches.numbered_batch import Group
from tokenpulse.batches.operations import Operations
from tokenpulse.guard import Guard
from tokenpulse.writing.redis_writer import RedisWriter
from tokenpulse_shared.redis_client import connect

GROUP = Group("provider", "p")
GUARD_KEY = "guard:{p}"
COUNTS = "counts:{p}"


def payload(amount: int = 1, key: str = COUNTS) -> bytes:
    """Return a batch that adds the amount to field `n` of the key."""
    operations = Operations()
    operations.increment(key, 3600, {"n": amount})
    return operations.encode()


class WriterBench:
    """Hold a writer with its guard, its clock, and a second client to look with."""

    def __init__(self, url: str, look_url: str | None = None) -> None:
        self.clock = FakeClock()
        self.guard = Guard(self.clock)
        self.client = connect(url)
        self.writer = RedisWriter(self.client, self.guard, self.clock.monotonic)
        self.look = redis.Redis.from_url(look_url or url, protocol=2)

    def enqueue(self, batch: bytes | None = None, group: Group = GROUP, guard_key: str = GUARD_KEY) -> None:
        """Put a batch in flight; without one, a count of 1."""
        self.writer.enqueue(group, guard_key, batch or payload(), 1)

    def push(self) -> list[tuple[str, int]]:
        """Push; return (group's name, sequence) of what is in Redis."""
        return [(batch.group.name, batch.sequence) for batch in self.writer.push()]

    def send(self, *amounts: int) -> None:
        """Apply one batch for each amount."""
        for amount in amounts:
            self.enqueue(payload(amount))
            assert len(self.push()) == 1

    def count(self, key: str = COUNTS) -> int:
        """Return what Redis counted."""
        return int(self.look.hget(key, "n") or 0)

    def close(self) -> None:
        """Close both clients."""
        self.client.close()
        self.look.close()


@contextmanager
def writer_bench(url: str, look_url: str | None = None) -> Iterator[WriterBench]:
    """Give a writer to the Redis at `url`; `look_url`: where to look, when the writer goes through a proxy."""
    bench = WriterBench(url, look_url)
    try:
        yield bench
    finally:
        bench.close()
