"""Make recorders start anew in a forked child."""

import os
from typing import Final, Protocol

from tokenpulse.processes.living import Living


class Restartable(Protocol):
    """Be able to forget everything that belongs to the parent process."""

    def begin_again(self) -> None:
        """Start anew, touching nothing inherited."""


class Forks:
    """Hook the forks of this process once, for all recorders in it."""

    def __init__(self) -> None:
        self._recorders: Living[Restartable] = Living()
        self._is_hooked = False

    def add(self, recorder: Restartable) -> None:
        """Have `begin_again` called in every child forked from now on, as long as the recorder lives."""
        self._recorders.add(recorder)
        if not self._is_hooked and hasattr(os, "register_at_fork"):
            self._is_hooked = True  # children inherit it, the hook too
            os.register_at_fork(after_in_child=self._restart)

    def _restart(self) -> None:
        for recorder in self._recorders.members():
            recorder.begin_again()


_FORKS: Final = Forks()
"""The one place for what belongs to the process, not to a recorder: such a hook cannot be taken away."""


def restart_after_fork(recorder: Restartable) -> None:
    """Have `begin_again` called in every child forked from now on, as long as the recorder lives."""
    _FORKS.add(recorder)
