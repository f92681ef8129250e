"""Find what processes left behind, in a thread that lives until nothing of it is left.

Bounds: one attempt at a log per `RETRY_SECONDS`; a log that makes the replay itself fail is left alone.
"""

import threading
from collections.abc import Callable
from typing import Final

import redis

from tokenpulse.bucket_clock import BucketClock
from tokenpulse.guard import Guard
from tokenpulse.spill.spill_files import Place, SpillFiles
from tokenpulse.spill.spill_history import OtherFormatError, UnsoundLogError
from tokenpulse.spill.spill_replay import InterruptedReplayError, Replay
from tokenpulse_shared.errors import KeyspaceVersionError
from tokenpulse_shared.settings import Settings

RETRY_SECONDS: Final = 2.0


class Replayer:
    """Replay all logs that nobody holds; thread-safe.

    `connect` makes a client of this thread's own.
    """

    def __init__(
        self,
        connect: Callable[[], redis.Redis],
        settings: Settings,
        clock: BucketClock,
        guard: Guard,
        place: Place,
    ) -> None:
        self._connect = connect
        self._settings = settings
        self._clock = clock
        self._guard = guard
        self._place = place
        self._stop = threading.Event()
        self._left_alone: set[str] = set()
        self._files: SpillFiles | None = None
        self._thread: threading.Thread | None = None

    @property
    def is_running(self) -> bool:
        """Tell whether something may be left to replay."""
        return self._thread is not None and self._thread.is_alive()

    def start(self) -> None:
        """Look for what was left behind, in the background, unless that is done already."""
        if self._thread is not None and not self._stop.is_set():
            return
        self._stop.clear()
        self._thread = threading.Thread(target=self._run, name="tokenpulse-replay", daemon=True)
        try:
            self._thread.start()
        except RuntimeError as error:  # the interpreter is shutting down, or has no threads left
            self._guard.error("replay_thread", error)

    def stop(self) -> None:
        """Have the replay end within moments; what it has not sent stays."""
        self._stop.set()

    def abandon(self) -> None:
        """Leave the log that is being replayed to the process that this one was forked from."""
        if self._files is not None:
            self._files.release()

    def _run(self) -> None:
        with self._connect() as client:
            replay = Replay(client, self._settings, self._clock, self._guard, self._place, self._stop)
            while self._replay_all(replay) and not self._stop.wait(RETRY_SECONDS):
                pass

    def _replay_all(self, replay: Replay) -> bool:
        """Try every log once; return whether one is to be tried again."""
        try:
            outcomes = [
                self._replay_one(replay, files)
                for files in SpillFiles.left_behind(self._place.directory, self._place.target)
            ]
        except OSError as error:  # the directory is gone, or not ours to read any more
            self._guard.say("the spill directory cannot be read", error.strerror or type(error).__name__)
            return False
        return not all(outcomes)

    def _replay_one(self, replay: Replay, files: SpillFiles) -> bool:
        """Return whether this log is done with."""
        if files.name in self._left_alone:
            files.release()
            return True
        self._files = files
        try:
            records = replay.run(files)
        except (redis.RedisError, OSError, KeyspaceVersionError, InterruptedReplayError):
            return False  # what Redis has against it, the flusher says
        except UnsoundLogError as error:
            self._guard.count("spill_set_aside")
            self._guard.say("what a process left behind is set aside", str(error))
            files.set_aside()
        except OtherFormatError:
            self._leave_alone(files, "another version wrote it")
        except Exception as error:  # noqa: BLE001  # top of a background loop
            self._guard.error("spill_replay", error)
            self._leave_alone(files, "it cannot be replayed")
        else:
            if records:
                self._guard.count("spill_replayed", records)
                self._guard.say("replayed what a process left behind", f"{records} records")
        finally:
            self._files = None
            files.release()
        return True

    def _leave_alone(self, files: SpillFiles, reason: str) -> None:
        self._left_alone.add(files.name)
        self._guard.say("what a process left behind stays in the spill directory", reason)
