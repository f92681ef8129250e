"""Tests of starting anew in a forked child; real forks are among the end-to-end tests."""

import gc
import os
from collections.abc import Callable

import pytest

from tokenpulse.forks import restart_after_fork


class _Recorder:
    def __init__(self) -> None:
        self.restarts = 0

    def begin_again(self) -> None:
        self.restarts += 1


def test_a_living_recorder_begins_again_in_each_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """The child's hook restarts the recorder as long as somebody holds it, and holds it itself not at all."""
    hooks: list[Callable[[], None]] = []
    monkeypatch.setattr(os, "register_at_fork", lambda *, after_in_child: hooks.append(after_in_child))
    recorder = _Recorder()
    restart_after_fork(recorder)
    hooks[0]()
    hooks[0]()

    assert recorder.restarts == 2

    del recorder
    gc.collect()
    hooks[0]()

    assert [held for held in gc.get_objects() if isinstance(held, _Recorder)] == []


def test_platforms_without_fork_need_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where processes cannot fork there is nothing to hook."""
    monkeypatch.delattr(os, "register_at_fork")
    recorder = _Recorder()
    restart_after_fork(recorder)

    assert recorder.restarts == 0
