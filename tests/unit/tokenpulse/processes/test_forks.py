"""Tests of starting anew in a forked child; real forks are among the end-to-end tests."""

import gc
import os
from collections.abc import Callable

import pytest

from tokenpulse.processes.forks import Forks, restart_after_fork


class _Recorder:
    def __init__(self) -> None:
        self.restarts = 0

    def begin_again(self) -> None:
        self.restarts += 1


@pytest.fixture
def hooks(monkeypatch: pytest.MonkeyPatch) -> list[Callable[[], None]]:
    """Return what is hooked to forks from now on."""
    hooked: list[Callable[[], None]] = []
    monkeypatch.setattr(os, "register_at_fork", lambda *, after_in_child: hooked.append(after_in_child))
    return hooked


def test_a_living_recorder_begins_again_in_each_child(hooks: list[Callable[[], None]]) -> None:
    """The child's hook restarts the recorder as long as somebody holds it, and holds it itself not at all."""
    forks, recorder = Forks(), _Recorder()
    forks.add(recorder)
    hooks[0]()
    hooks[0]()

    assert recorder.restarts == 2

    del recorder
    gc.collect()
    hooks[0]()

    assert [held for held in gc.get_objects() if isinstance(held, _Recorder)] == []


def test_any_number_of_recorders_share_one_hook(hooks: list[Callable[[], None]]) -> None:
    """A hook of forks cannot be taken away: there is one, whoever comes and goes."""
    forks = Forks()
    recorders = [_Recorder() for _ in range(3)]
    for recorder in recorders:
        forks.add(recorder)
    (only,) = hooks
    only()

    assert [recorder.restarts for recorder in recorders] == [1, 1, 1]


def test_platforms_without_fork_need_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where processes cannot fork there is nothing to hook."""
    monkeypatch.delattr(os, "register_at_fork")
    recorder = _Recorder()
    Forks().add(recorder)
    restart_after_fork(recorder)

    assert recorder.restarts == 0
