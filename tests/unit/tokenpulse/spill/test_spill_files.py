"""Tests of the files of one process in a spill directory."""

import gc
import os
from pathlib import Path

import pytest

from tokenpulse.spill.spill_files import SpillFiles, prepare_directory, target_of, used_bytes

TARGET = "0123456789abcdef"


def _segments(files: SpillFiles, *numbers: int) -> None:
    for number in numbers:
        files.segment_path(number).write_bytes(bytes(10))


def test_what_is_held_is_not_left_behind(tmp_path: Path) -> None:
    """Files are found once their holder is gone, by one finder only, and only those of the same target."""
    files = SpillFiles.claim(tmp_path, TARGET)
    _segments(files, 0)
    SpillFiles.claim(tmp_path, "fedcba9876543210").release()

    assert list(SpillFiles.left_behind(tmp_path, TARGET)) == []

    files.release()
    files.release()
    (found,) = SpillFiles.left_behind(tmp_path, TARGET)

    assert found.segment_paths() == [files.segment_path(0)]
    assert list(SpillFiles.left_behind(tmp_path, TARGET)) == []
    found.release()


def test_segments_go_oldest_first_the_lock_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wherever a kill falls in between, what stays is the end of the log with its lock."""
    files = SpillFiles.claim(tmp_path, TARGET)
    _segments(files, 9, 10, 100)
    removed: list[str] = []
    unlink = Path.unlink

    def watched(path: Path, missing_ok: bool = False) -> None:
        removed.append(path.name.split(".", 1)[1])
        unlink(path, missing_ok)

    monkeypatch.setattr(Path, "unlink", watched)
    files.remove()

    assert removed == ["00000009.log", "00000010.log", "00000100.log", "lock"]
    assert list(tmp_path.iterdir()) == []


def test_what_is_set_aside_is_found_no_more(tmp_path: Path) -> None:
    """It stays for a human to look at, and counts for the room that is taken."""
    files = SpillFiles.claim(tmp_path, TARGET)
    _segments(files, 0, 1)
    files.set_aside()

    assert list(SpillFiles.left_behind(tmp_path, TARGET)) == []
    assert len(list(tmp_path.glob("*.log-set-aside"))) == 2
    assert used_bytes(tmp_path) == 20


def test_a_lock_that_went_meanwhile_is_nobodys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who gets the lock of files just removed by another has nothing; nor has who comes too late to open it."""
    import fcntl

    files = SpillFiles.claim(tmp_path, TARGET)
    path = files._lock_path
    files.release()
    lock = fcntl.flock

    def remove_first(descriptor: int, operation: int) -> None:
        path.unlink(missing_ok=True)
        lock(descriptor, operation)

    with monkeypatch.context() as patch:
        patch.setattr(fcntl, "flock", remove_first)
        assert list(SpillFiles.left_behind(tmp_path, TARGET)) == []

    assert SpillFiles._lock(path) is None


def test_a_lock_taken_by_a_finder_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between making and locking a lock file somebody may take it for one left behind; not for ever, though."""
    lock = SpillFiles._lock
    refusals = [1, 1]

    def refuse(path: Path) -> SpillFiles | None:
        return None if refusals and refusals.pop() else lock(path)

    monkeypatch.setattr(SpillFiles, "_lock", refuse)
    files = SpillFiles.claim(tmp_path, TARGET)

    assert files._lock_path.exists()

    refusals.extend([1] * 3)
    with pytest.raises(BlockingIOError):
        SpillFiles.claim(tmp_path, TARGET)
    files.release()


def test_room_is_counted_over_all_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Segments count, whoever they belong to; locks and other people's files do not."""
    first, second = SpillFiles.claim(tmp_path, TARGET), SpillFiles.claim(tmp_path, "fedcba9876543210")
    _segments(first, 0, 1)
    _segments(second, 0)
    (tmp_path / "notes.txt").write_bytes(bytes(99))

    assert used_bytes(tmp_path) == 30

    class _Gone:
        name = "x.00000000.log"

        def stat(self) -> None:
            raise FileNotFoundError

    monkeypatch.setattr(os, "scandir", lambda directory: [_Gone()])
    assert used_bytes(tmp_path) == 0
    first.release()
    second.release()


def test_directory_is_made_and_tried(tmp_path: Path) -> None:
    """It is made with its parents for its owner alone; where no file can be made that is said at once."""
    directory = tmp_path / "deep" / "down"
    prepare_directory(directory, TARGET)
    prepare_directory(directory, TARGET)

    assert directory.stat().st_mode & 0o777 == 0o700
    assert list(directory.iterdir()) == []
    (tmp_path / "file").touch()
    with pytest.raises(OSError):
        prepare_directory(tmp_path / "file", TARGET)


def test_target_ignores_who_asks() -> None:
    """User, password, options and the case of hosts name no other database; host, number and prefix do."""
    same = {
        target_of("redis://h1:6379/0", "t:"),
        target_of("rediss://user:secret@H1:6379/0?ssl_ca_certs=/x", "t:"),
        target_of("redis://h1:6379/0/", "t:"),
    }
    cluster = {
        target_of("redis+cluster://h1:7000,h2:7001", "t:"),
        target_of("rediss+cluster://:secret@h2:7001,h1:7000", "t:"),
    }
    others = {
        target_of("redis://h2:6379/0", "t:"),
        target_of("redis://h1:6380/0", "t:"),
        target_of("redis://h1:6379/1", "t:"),
        target_of("redis://h1:6379/0", "u:"),
    }

    assert (len(same), len(cluster)) == (1, 1)
    assert len(same | cluster | others) == 6


def test_files_whose_holder_is_forgotten_are_left_behind(tmp_path: Path) -> None:
    """No descriptor stays open, and no lock held, for an object that nobody has any more."""
    files = SpillFiles.claim(tmp_path, TARGET)
    assert list(SpillFiles.left_behind(tmp_path, TARGET)) == []

    del files
    gc.collect()
    (found,) = SpillFiles.left_behind(tmp_path, TARGET)
    found.release()
