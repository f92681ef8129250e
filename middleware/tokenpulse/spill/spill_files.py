"""The files of one process in a spill directory.

Strategy: `<target>-<id>.lock` is held with flock for as long as its process lives: whoever gets that lock has
found what a process left behind, and nobody else has. `<target>-<id>.<number>.log` are its segments, the
lowest number the oldest. The target stands for the Redis database with the prefix of its keys.
Invariants: files are removed oldest first, the lock last, so that a kill in between leaves what can be read.
"""

import contextlib
import os
import uuid
import weakref
from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path
from typing import Final, NamedTuple, Self
from urllib.parse import urlsplit

_TARGET_CHARACTERS: Final = 16
_CLAIM_ATTEMPTS: Final = 3


class Place(NamedTuple):
    """Say where a process may leave files, and what they are to say of it.

    `boot` names this run of the machine; `most_bytes` bounds all processes' segments together.
    """

    directory: Path
    target: str
    app_name: str
    boot: str | None
    most_bytes: int


def prepare_directory(directory: Path, target: str) -> None:
    """Make the directory unless it is there; try that files can be made and locked in it.

    Raises:
        OSError: they cannot.
        ImportError: this system has no such locks.
    """
    directory.mkdir(mode=0o700, parents=True, exist_ok=True)
    SpillFiles.claim(directory, target).remove()


def target_of(redis_url: str, key_prefix: str) -> str:
    """Return what stands for a database and prefix in file names, whatever user, password, options, order of hosts."""
    parts = urlsplit(redis_url)
    hosts = sorted(parts.netloc.rpartition("@")[2].lower().split(","))
    return sha256(f"{hosts} {parts.path.rstrip('/')} {key_prefix}".encode()).hexdigest()[:_TARGET_CHARACTERS]


def used_bytes(directory: Path) -> int:
    """Return the size of all segments in a directory, whoever they belong to.

    Raises:
        OSError: the directory cannot be read.
    """
    total = 0
    for entry in os.scandir(directory):
        if ".log" in entry.name:
            with contextlib.suppress(FileNotFoundError):  # removed meanwhile
                total += entry.stat().st_size
    return total


class SpillFiles:
    """Hold the lock of one process's files."""

    def __init__(self, lock_path: Path, descriptor: int) -> None:
        self._lock_path = lock_path
        self._descriptor = weakref.finalize(self, os.close, descriptor)
        self._descriptor.atexit = False  # the lock is held to the very end: a last flush may come after that

    @classmethod
    def claim(cls, directory: Path, target: str) -> Self:
        """Return a set of files of one's own.

        Raises:
            OSError: it cannot be made.
        """
        for _ in range(_CLAIM_ATTEMPTS):
            path = directory / f"{target}-{uuid.uuid4().hex}.lock"
            os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600))
            held = cls._lock(path)
            if held is not None:  # else somebody took it for one that was left behind
                return held
        raise BlockingIOError(f"no lock file of one's own in {directory}")

    @classmethod
    def left_behind(cls, directory: Path, target: str) -> Iterator[Self]:
        """Give the files of processes that are gone, one set at a time, locked.

        Raises:
            OSError: the directory cannot be read.
        """
        for path in sorted(directory.glob(f"{target}-*.lock")):
            held = cls._lock(path)
            if held is not None:
                yield held

    @classmethod
    def _lock(cls, path: Path) -> Self | None:
        import fcntl  # not at the top: Windows has none

        try:
            descriptor = os.open(path, os.O_RDWR | os.O_CLOEXEC)
        except FileNotFoundError:
            return None
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return None
        if not os.fstat(descriptor).st_nlink:  # removed between the opening and the lock
            os.close(descriptor)
            return None
        return cls(path, descriptor)

    @property
    def name(self) -> str:
        """Return what the names of all files begin with."""
        return self._lock_path.stem

    @property
    def directory(self) -> Path:
        """Return where they are."""
        return self._lock_path.parent

    def segment_path(self, number: int) -> Path:
        """Return the path of a segment."""
        return self._lock_path.with_suffix(f".{number:08d}.log")

    def segment_paths(self) -> list[Path]:
        """Return the segments there are, oldest first."""
        return sorted(self.directory.glob(f"{self.name}.*.log"))

    def remove_segments(self) -> None:
        """Delete the segments, oldest first.

        Raises:
            OSError: one cannot be deleted.
        """
        for path in self.segment_paths():
            path.unlink(missing_ok=True)

    def remove(self) -> None:
        """Delete everything, give the lock back.

        Raises:
            OSError: a file cannot be deleted; the lock is given back all the same.
        """
        try:
            self.remove_segments()
            self._lock_path.unlink(missing_ok=True)
        finally:
            self.release()

    def set_aside(self) -> None:
        """Rename the segments so that nobody replays them; give the lock back.

        Raises:
            OSError: a file cannot be renamed; the lock is given back all the same.
        """
        try:
            for path in self.segment_paths():
                path.rename(path.with_suffix(".log-set-aside"))
            self._lock_path.unlink(missing_ok=True)
        finally:
            self.release()

    def release(self) -> None:
        """Give the lock back, leaving the files; nothing happens the second time."""
        self._descriptor()
