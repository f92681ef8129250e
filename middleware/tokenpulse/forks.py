"""Make recorders start anew in a forked child."""

import os
import weakref
from typing import Protocol


class Restartable(Protocol):
    """Be able to forget everything that belongs to the parent process."""

    def begin_again(self) -> None:
        """Start anew, touching nothing inherited."""


def restart_after_fork(recorder: Restartable) -> None:
    """Have `begin_again` called in every child forked from now on, as long as the recorder lives."""
    if not hasattr(os, "register_at_fork"):
        return
    reference = weakref.ref(recorder)

    def restart() -> None:
        alive = reference()
        if alive is not None:
            alive.begin_again()

    os.register_at_fork(after_in_child=restart)
