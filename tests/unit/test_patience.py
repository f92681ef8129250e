"""How long the tests wait for a Redis that is well, and for one that is not."""

import time
from typing import Any

import pytest

from tests.support.patience import PATIENCE_SECONDS
from tests.support.stopwatch import unhindered_seconds
from tokenpulse.flushing import flush
from tokenpulse.recorder import Recorder
from tokenpulse_reader.snapshots import snapshots
from tokenpulse_shared.redis_client import connect


def _limits() -> list[Any]:
    closing = Recorder.close.__defaults__
    connecting = connect("redis://redis.example").connection_pool.connection_kwargs["socket_timeout"]
    return [connecting, flush.FLUSH_SECONDS, flush.CLOSE_SECONDS, closing, snapshots.FIRST_WAIT_SECONDS]


def test_a_busy_machine_is_waited_for() -> None:
    """No limit of the product's decides over a test of something else."""
    long = PATIENCE_SECONDS

    assert _limits() == [long, long, long, (long,), long]


@pytest.mark.usefixtures("own_limits")
def test_limits_are_the_products_own_where_asked_for() -> None:
    """Tests of a Redis that is slow or away see what an app would."""
    assert _limits() == [1.0, 0.9, 2.0, (2.0,), 2.0]


def test_time_on_a_processor_is_unhindered() -> None:
    """What a thread computes counts whole, as does what it sleeps; only its waits for a processor do not."""
    began, worked_from = unhindered_seconds(), time.thread_time()
    while time.thread_time() - worked_from < 0.05:
        pass
    time.sleep(0.05)

    assert unhindered_seconds() - began >= 0.099
