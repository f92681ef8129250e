"""Tests of the edges between windows, as writers pass them, race them, come too late for them."""

import threading
import time

import pytest

from tests.support.clock import FakeClock
from tests.support.faked_redis import FakedRedis
from tests.support.sealing import seal
from tests.support.skewed_hosts import (
    EDGE,
    NOON,
    SKEWS,
    MakeFollower,
    SkewedClock,
    expected_windows,
    model_windows,
)
from tests.support.written import KEYS, total
from tokenpulse.recorder import Recorder
from tokenpulse_shared.store import MetricsStore


def test_edges_are_exact(faked: FakedRedis, make_follower: MakeFollower) -> None:
    """Half a second before midnight is the old minute, hour and day; midnight is the new one, for skewed hosts too."""
    clocks = [FakeClock(EDGE - 2.0 + skew) for skew in SKEWS]
    faked.stop_clock(EDGE - 2.0)
    recorders = [make_follower(faked.url, clock) for clock in clocks]
    for recorder in recorders:
        recorder.record(provider="p", model="m")
        assert recorder.flush()
    for clock, recorder in zip(clocks, recorders, strict=True):
        clock.advance(1.5)
        recorder.record(provider="p", model="m")
        clock.advance(0.5)
        for _ in range(2):
            recorder.record(provider="p", model="m")
    faked.stop_clock(EDGE)
    for recorder in recorders:
        assert recorder.flush()

    with faked.server.client() as client:
        assert model_windows(client) == expected_windows({EDGE - 0.5: 3 * 2, EDGE: 3 * 2})


class _Caller:
    """Call without end, and keep the books by the edge as Redis sees it; near the edge nobody can tell."""

    NEAR_SECONDS = 0.02
    BURST = 5
    """So that enough calls are made where each sleep takes long, on a busy machine."""

    def __init__(self, recorder: Recorder, edge: float) -> None:
        self._recorder = recorder
        self._edge = edge  # by the machine's clock
        self.before = self.near = self.after = 0
        self.thread = threading.Thread(target=self._run)

    def _run(self) -> None:
        while time.time() < self._edge + 0.7:
            for _ in range(self.BURST):
                self._call()
            time.sleep(0.001)

    def _call(self) -> None:
        began = time.time()
        self._recorder.record(provider="p", model="m")
        if time.time() < self._edge - self.NEAR_SECONDS:
            self.before += 1
        elif began > self._edge + self.NEAR_SECONDS:
            self.after += 1
        else:
            self.near += 1


def test_writers_that_race_an_edge(faked: FakedRedis, make_follower: MakeFollower) -> None:
    """Four writers call through midnight and flush all the while: exact in sum, each window within a few calls."""
    faked.run_clock(EDGE - 1.0)
    edge = time.time() + 1.0
    recorders = [make_follower(faked.url, SkewedClock(skew), has_thread=True) for skew in (*SKEWS, 299.5)]
    callers = [_Caller(recorder, edge) for recorder in recorders]
    for caller in callers:
        caller.thread.start()
    for caller, recorder in zip(callers, recorders, strict=True):
        caller.thread.join()
        recorder.close()

    old, new = expected_windows({EDGE - 0.5: 1}), expected_windows({EDGE: 1})
    before, near, after = (
        sum(getattr(caller, part) for caller in callers) for part in ("before", "near", "after")
    )
    with faked.server.client() as client:
        windows = model_windows(client)
        assert total(client, "p") == total(client, "p", "m") == before + near + after
    assert windows.keys() == old.keys() | new.keys()
    in_old, in_new = {windows[at] for at in old}, {windows[at] for at in new}
    assert len(in_old) == len(in_new) == 1  # minute, hour and day have the same edge
    assert before <= in_old.pop() <= before + near
    assert after <= in_new.pop() <= after + near
    assert min(before, after) > 500


@pytest.mark.parametrize(("seconds", "hours"), [(120.0, 2), (7200.0, 24)])
async def test_a_late_writer_reopens_what_was_sealed(
    faked: FakedRedis, make_follower: MakeFollower, seconds: float, hours: int
) -> None:
    """One writer's counts arrive after another had the window packed: both are in it, packed once more or not."""
    late_clock, clock = FakeClock(NOON + 300.0), FakeClock(NOON - 300.0)
    late, punctual = make_follower(faked.url, late_clock), make_follower(faked.url, clock)
    for recorder in (late, punctual):
        recorder.record(provider="p", model="m", latency_ms=100)
        assert recorder.flush()
        recorder.record(provider="p", model="m", latency_ms=100)
    assert punctual.flush()
    faked.stop_clock(NOON + seconds)
    clock.advance(seconds)
    late_clock.advance(seconds)
    with faked.server.client() as client:
        for _ in range(2):
            seal(client, KEYS, "p", 1000)
            assert late.flush()
            async with MetricsStore(faked.url) as store:
                window = await store.model_window("p", "m", hours=hours)

            whole = window.total()
            assert whole.counters["total_requests"] == whole.sketch("latency").count == 4
            assert [
                row.counters["total_requests"] for row in window.rows if row.counters["total_requests"]
            ] == [4]
