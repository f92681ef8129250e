"""Write minutes of traffic over many series into Redis for the benches of the reader."""

import time
from contextlib import closing
from typing import Final

import redis

from tests.bench.many_series import ManySeries
from tests.bench.simulated_day import SteppedClock, flush_whole
from tests.support.sealing import seal
from tokenpulse import Recorder
from tokenpulse_shared.keyspace import Keyspace

PER_MINUTE: Final = 4


def feed(url: str, providers: int, models_each: int, minutes: int) -> None:
    """Have a recorder write the last minutes of traffic; pack what is over."""
    now = time.time()
    clock, traffic = SteppedClock(now), ManySeries(providers, models_each)
    with closing(Recorder(url, clock=clock, flush_interval=60.0)) as recorder:
        recorder._started = True  # records do not start the thread
        for ago in range(minutes - 1, -1, -1):
            clock.now = now - ago * 60
            traffic.observe(recorder, traffic.series * PER_MINUTE)
            flush_whole(recorder)
    with redis.Redis.from_url(url, protocol=2) as client:
        for at in range(providers):
            seal(client, Keyspace(), f"provider-{at}")
