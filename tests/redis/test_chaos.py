"""Whatever happens to Redis and to the way there, every count is there once."""

import pytest

from tests.chaos.run import run_chaos
from tests.chaos.stages import STAGES

SECONDS = 5.0
pytestmark = pytest.mark.usefixtures("own_limits")


@pytest.mark.parametrize(
    ("topology", "disasters"),
    [
        (
            "standalone",
            ("kill", "load_slowly", "lose_data", "forget_scripts", "run_out_of_memory", "be_busy"),
        ),
        ("sentinel", ("kill_master_with_lagging_replicas", "empty")),
        ("cluster", ("kill_master_with_lagging_replica", "move_slots", "empty")),
    ],
)
async def test_nothing_is_lost_and_nothing_doubled(topology: str, disasters: tuple[str, ...]) -> None:
    """Cut, halved, withheld and stray replies, and worse for the servers: the ledgers of three writers agree."""
    with STAGES[topology]() as stage:
        report = await run_chaos(stage, seconds=SECONDS, writers=3, seed=20, disasters=disasters)

    assert report.verdict is not None
    assert report.verdict.wrong == ()
    assert (report.verdict.lost, report.verdict.doubled, report.verdict.unrecoverable) == (0, 0, 0)
    assert report.verdict.counted == report.verdict.sent > 0
    assert sum(report.happened.values()) >= 10
