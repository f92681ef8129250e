"""The board of health scores in a Redis Cluster, where a script's keys must share a slot."""

from tests.support.boards import board
from tests.support.cluster import RedisCluster
from tokenpulse_shared.health.board_store import BoardStore
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_client import connect_async
from tokenpulse_shared.redis_reads import RedisReads


async def test_one_leads_over_all_nodes() -> None:
    """Board with lease and term in one slot, the sorted set in another: a later term's board stays."""
    keys = Keyspace()
    with RedisCluster(has_replicas=False) as cluster:
        client = connect_async(cluster.url)
        boards = BoardStore(RedisReads(client), keys)
        first = await boards.lead("a", 30.0)
        await client.delete(keys.health_lease())
        second = await boards.lead("b", 30.0)
        assert first is not None
        assert second is not None
        kept = board(1_060.0, second.number, groq=(95, 5))

        assert await boards.publish(kept, second)
        assert not await boards.publish(board(1_120.0, first.number, groq=(5, 95)), first)
        assert await boards.load() == kept
        assert await client.zscore(keys.provider_health(), "groq") == 90.5
        await client.aclose()
