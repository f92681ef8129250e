"""Kill a recorder at a step of one's choice, within this process.

Steps are those that matter to a spill log: a record or note is copied into it, a script is called. Each can be
killed before it, or after it with nobody told of its end. What is left is what a killed process leaves: files,
unlocked, and what Redis applied.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from tokenpulse.recorder import Recorder
from tokenpulse.spill.spill_segment import Segment
from tokenpulse.writing.script_call import Script


class KilledError(BaseException):
    """Stand for SIGKILL: nothing in tokenpulse catches it."""


class Killer:
    """Count steps; kill at the step `at`, counted from 0, two for each thing done: before it, after it."""

    def __init__(self, at: int | None = None) -> None:
        self.at = at
        self.steps = 0

    def step(self) -> None:
        """Take one step.

        Raises:
            KilledError: it is the last one.
        """
        self.steps += 1
        if self.at is not None and self.steps > self.at:  # nor does a dead process take any later one
            raise KilledError

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Count the steps of everything in this process."""
        append, call_all = Segment.append, Script.call_all

        def watched_append(segment: Segment, payload: bytes) -> bool:
            self.step()
            has_room = append(segment, payload)
            self.step()
            return has_room

        def watched_call(script: Script, *arguments: Any) -> Any:
            self.step()
            replies = call_all(script, *arguments)
            self.step()
            return replies

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Segment, "append", watched_append)
            patch.setattr(Script, "call_all", watched_call)
            yield


def leave(recorder: Recorder) -> None:
    """Let go of a recorder's files as the end of its process does."""
    assert recorder._spill is not None
    recorder._spill.abandon()


def replay(recorder: Recorder) -> None:
    """Bring to Redis what others left behind, in this thread."""
    assert recorder._spill is not None
    recorder._spill._replayer._run()
