"""Start a command of the repository, read what it prints, end it with a signal."""

import contextlib
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping
from typing import Final, Self

DEADLINE_SECONDS: Final = 90.0
"""Longest wait for a line or an exit, so for what hangs: four workers start in 12 s where six others compute."""
_POLL_SECONDS: Final = 0.02


class ProcessError(AssertionError):
    """Say what a process did not do in time, with all it printed."""


class RunningProcess:
    """Run `python -m <arguments>` with both outputs joined and collected by a thread.

    It leads a process group of its own: leaving the `with` block ends it with all its descendants.

    `environment` is added to a copy of this process's own, without its tokenpulse and Redis settings.
    """

    def __init__(self, *arguments: str, environment: Mapping[str, str] | None = None) -> None:
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("TOKENPULSE_", "REDIS_"))
        }
        self._process = subprocess.Popen(
            [sys.executable, "-u", "-m", *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
            env={**inherited, **(environment or {})},
        )
        self._fresh: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._lines: list[str] = []
        self._collector = threading.Thread(target=self._collect, daemon=True)
        self._collector.start()

    @property
    def process_id(self) -> int:
        """Return the process's number."""
        return self._process.pid

    @property
    def output(self) -> str:
        """Return all that was printed so far."""
        return "".join(self._lines)

    def wait_for_line(self, fragment: str, *, deadline_seconds: float = DEADLINE_SECONDS) -> str:
        """Return the first line, not yet taken, that holds the fragment; lines before it are passed over.

        Raises:
            ProcessError: the process ended or the deadline passed first.
        """
        deadline = time.monotonic() + deadline_seconds
        while True:
            try:
                line = self._fresh.get(timeout=max(deadline - time.monotonic(), 0.001))
            except queue.Empty:
                raise ProcessError(f"no line with {fragment!r} in time; printed:\n{self.output}") from None
            if line is None:
                raise ProcessError(f"ended before a line with {fragment!r}; printed:\n{self.output}")
            if fragment in line:
                return line.rstrip("\n")

    def send_signal(self, number: signal.Signals) -> None:
        """Send a signal to the process, not to what it started."""
        self._process.send_signal(number)

    def wait(self, *, deadline_seconds: float = DEADLINE_SECONDS) -> int:
        """Return the exit code once the process has ended; a negative one is a signal's number.

        Raises:
            ProcessError: it did not end in time.
        """
        try:
            code = self._process.wait(timeout=deadline_seconds)
        except subprocess.TimeoutExpired:
            raise ProcessError(f"still runs; printed:\n{self.output}") from None
        self._collector.join(timeout=deadline_seconds)
        return code

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exception: object) -> None:
        # The leader may be gone while its workers live on; macOS refuses where only a zombie is left.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._process.pid, signal.SIGKILL)
        self.wait()
        assert self._process.stdout is not None
        self._process.stdout.close()

    def _collect(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._lines.append(line)
            self._fresh.put(line)
        self._fresh.put(None)


def wait_until(
    condition: Callable[[], bool], what: str, *, deadline_seconds: float = DEADLINE_SECONDS
) -> None:
    """Return once the condition holds; for state that another process changes.

    Raises:
        ProcessError: it did not hold before the deadline.
    """
    deadline = time.monotonic() + deadline_seconds
    while not condition():
        if time.monotonic() > deadline:
            raise ProcessError(f"not in time: {what}")
        time.sleep(_POLL_SECONDS)
