"""Tests of when a flush pauses."""

import pytest

from tokenpulse_shared import breath
from tokenpulse_shared.breath import PAUSE_SECONDS, WORK_SECONDS, Breath


class _Time:
    """Count pauses on a clock of its own."""

    def __init__(self) -> None:
        self.now = 50.0
        self.pauses: list[float] = []

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += 0.0001


def test_it_pauses_after_some_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it is called, there is one pause for each piece of work, counted from the last pause's end."""
    time, breathe = _Time(), Breath()
    monkeypatch.setattr(breath, "time", time)
    paused = []
    for _ in range(12):
        breathe()
        paused.append(len(time.pauses))
        time.now += 0.3 * WORK_SECONDS

    assert paused == [1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3]
    assert set(time.pauses) == {PAUSE_SECONDS}
