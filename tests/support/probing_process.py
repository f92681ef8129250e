"""Ask a breaker in a process of its own: `python -m tests.support.probing_process <scenario>`.

Settings come from the environment. Who holds probes has leases of a second, so that a dead owner's end within the test.
"""

import os
import random
import sys
import time
from contextlib import ExitStack
from typing import Final

import redis

from tokenpulse import Recorder
from tokenpulse.breakers.breaker_gate import Admission

SERIES: Final = ("p", "m")
IN_FLIGHT: Final = "test:in-flight"
START: Final = "test:start"
LEASE_SECONDS: Final = 1.0
CALL_SECONDS: Final = 0.02


def _next_probe(recorder: Recorder, ends_at: float) -> Admission | None:
    """Ask until a probe is handed out; None when the time is over first."""
    while time.monotonic() < ends_at:
        admission = recorder.breaker.allow(*SERIES)
        if admission.is_probe:
            return admission
        time.sleep(0.001)
    return None


def contend(seconds: float = 1.5) -> None:
    """Make probes one after the other; print how many, and the most that were in flight over the fleet."""
    recorder, most, probes = Recorder(), 0, 0
    client = redis.Redis.from_url(os.environ["TOKENPULSE_REDIS_URL"], protocol=2)
    recorder.breaker.allow(*SERIES)
    print("ready", flush=True)
    while not client.exists(START):
        time.sleep(0.001)
    ends_at = time.monotonic() + seconds
    while (probe := _next_probe(recorder, ends_at)) is not None:
        with probe:
            most = max(most, int(client.incr(IN_FLIGHT)))
            probes += 1
            time.sleep(random.uniform(0.0, CALL_SECONDS))
            client.decr(IN_FLIGHT)
    recorder.close()
    print("done", probes, most, flush=True)


def hold(probes: int) -> None:
    """Take so many probes; print when they are there, never end them."""
    recorder = Recorder()
    recorder.breaker._leases.lease_seconds = LEASE_SECONDS
    print("asking", flush=True)
    with ExitStack() as stack:
        for _ in range(probes):
            stack.enter_context(_next_probe(recorder, float("inf")) or Admission())
        print("holding", flush=True)
        while True:
            time.sleep(60.0)


if __name__ == "__main__":
    {"contend": contend, "hold all": lambda: hold(3), "hold one": lambda: hold(1)}[sys.argv[1]]()
