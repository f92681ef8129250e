"""Whatever happens to Redis and to the way there, every count is there once."""

from tests.chaos.run import run_chaos
from tests.support.redis_server import RedisServer


async def test_nothing_is_lost_and_nothing_doubled(redis_server: RedisServer) -> None:
    """Cut, halved, withheld and stray replies, kills, pauses, refusals: the ledgers of three writers agree."""
    report = await run_chaos(redis_server, seconds=8.0, writers=3, seed=20)

    assert report.verdict is not None
    assert report.verdict.wrong == ()
    assert (report.verdict.lost, report.verdict.doubled, report.verdict.unrecoverable) == (0, 0, 0)
    assert report.verdict.counted == report.verdict.sent > 0
    assert sum(report.happened.values()) >= 10
