"""What readers count of themselves adds up in Redis, each count once."""

import pytest
import redis

from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.fleet_counts import EVENT_RETENTION_SECONDS, FleetCounts
from tokenpulse_shared.keyspace import TOTALS_RETENTION_SECONDS, Keyspace
from tokenpulse_shared.redis_client import connect_async
from tokenpulse_shared.redis_reads import RedisReads

KEYS = Keyspace()
NOW = 1_800_000_000.0


async def test_counts_of_all_readers_add_up(real_reads: RedisReads) -> None:
    """A reader that starts anew goes on where the others left off."""
    one, two = FleetCounts(real_reads, KEYS), FleetCounts(real_reads, KEYS)

    assert await one.add({"hits:a": 5, "task_errors": 0}, {}, NOW) == {"hits:a": 5}
    assert await one.add({"hits:a": 7, "task_errors": 1}, {}, NOW) == {"hits:a": 7, "task_errors": 1}
    assert await two.add({"hits:a": 3}, {}, NOW) == {"hits:a": 10, "task_errors": 1}
    assert await one.add({"hits:a": 7, "task_errors": 1}, {}, NOW) == {"hits:a": 10, "task_errors": 1}


async def test_an_event_counts_once_whoever_tells_it(real_reads: RedisReads) -> None:
    """Readers see the same anomalies again and again; after three days an event is forgotten."""
    one, two = FleetCounts(real_reads, KEYS), FleetCounts(real_reads, KEYS)
    spike, surge = {"spike:1:openai": "anomaly:spike"}, {"spike:2:openai": "anomaly:spike"}
    later = NOW + EVENT_RETENTION_SECONDS

    assert await one.add({}, spike, NOW) == {"anomaly:spike": 1}
    assert await two.add({}, spike, NOW) == {"anomaly:spike": 1}
    assert await two.add({}, spike | surge, NOW) == {"anomaly:spike": 2}
    assert await one.add({}, surge, later) == {"anomaly:spike": 3}


async def test_a_batch_whose_reply_was_lost_counts_once(real_reads: RedisReads, redis_url: str) -> None:
    """What was counted meanwhile waits for the next batch."""
    counts = FleetCounts(real_reads, KEYS)
    await counts.add({"hits:a": 1}, {}, NOW)
    lost = _LosingReplies(real_reads)
    counts._reads = lost  # type: ignore[assignment]  # stands where the reads do
    with pytest.raises(StoreUnavailableError, match="lost"):
        await counts.add({"hits:a": 4}, {}, NOW)
    counts._reads = real_reads

    assert await counts.add({"hits:a": 9}, {}, NOW) == {"hits:a": 4}
    assert await counts.add({"hits:a": 9}, {}, NOW) == {"hits:a": 9}


class _LosingReplies:
    """Send a command, then lose its reply."""

    def __init__(self, reads: RedisReads) -> None:
        self._reads = reads

    async def one(self, *command: str | int | float) -> object:
        """Do it; say that nothing is known of it."""
        await self._reads.one(*command)
        raise StoreUnavailableError("the reply was lost")


async def test_every_key_has_a_time_to_live(real_reads: RedisReads, redis_client: redis.Redis) -> None:
    """A Redis that no reader asks any more is clean again one day."""
    await FleetCounts(real_reads, KEYS).add({"hits:a": 5}, {"spike:1": "anomaly:spike"}, NOW)
    keys = sorted(redis_client.scan_iter("tokenpulse:reader:*"))

    assert len(keys) == 3
    assert redis_client.ttl(KEYS.reader_counts()) == TOTALS_RETENTION_SECONDS
    assert {redis_client.ttl(key) for key in keys[1:]} == {EVENT_RETENTION_SECONDS}


async def test_a_key_of_others_is_left_out(real_reads: RedisReads, redis_client: redis.Redis) -> None:
    """Nothing is told rather than something wrong."""
    redis_client.set(KEYS.reader_counts(), "mine")

    assert await FleetCounts(real_reads, KEYS).add({"hits:a": 5}, {}, NOW) == {}
    assert real_reads.corrupt_keys.count == 1


async def test_a_field_of_others_is_left_out(real_reads: RedisReads, redis_client: redis.Redis) -> None:
    """The others keep their counts."""
    redis_client.hset(KEYS.reader_counts(), "hits:b", "x")

    assert await FleetCounts(real_reads, KEYS).add({"hits:a": 5}, {}, NOW) == {"hits:a": 5}


async def test_a_reader_that_may_only_read_adds_its_own(
    real_reads: RedisReads, redis_client: redis.Redis, redis_url: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Its counts are its own then, beside those that others stored."""
    await FleetCounts(real_reads, KEYS).add({"hits:a": 5}, {}, NOW)
    redis_client.execute_command(
        "ACL", "SETUSER", "r", "on", ">x", "~*", "+@read", "+multi", "+exec", "+client"
    )
    client = connect_async(redis_url.replace("redis://", "redis://r:x@"))
    counts = FleetCounts(RedisReads(client), KEYS)
    first = await counts.add({"hits:a": 2, "hits:b": 1}, {"spike:1": "anomaly:spike"}, NOW)
    second = await counts.add({"hits:a": 3}, {}, NOW)
    await client.aclose()
    redis_client.execute_command("ACL", "DELUSER", "r")

    assert first == {"hits:a": 7, "hits:b": 1}
    assert second == {"hits:a": 8}
    assert [record.message for record in caplog.records] == [
        "Redis refuses what the reader counts of itself: it is lost with the process"
    ]
