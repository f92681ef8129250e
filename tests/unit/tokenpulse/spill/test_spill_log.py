"""Tests of the log of one process."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tokenpulse.batches.numbered_batch import Batch, Group
from tokenpulse.guard import Guard
from tokenpulse.spill import spill_log
from tokenpulse.spill.spill_files import Place, SpillFiles
from tokenpulse.spill.spill_log import NOTES_BYTES, SpillLog
from tokenpulse.spill.spill_segment import MAX_RECORD_BYTES, read_segment

SIZE = 4096
RECORD = b"o" + b"x" * 900
"""Three of them fill a segment, behind its header."""
P, Q = Group("provider", "p"), Group("provider", "q")


class _Bench:
    """Hold a log that has room for `segments`."""

    def __init__(self, directory: Path, segments: int = 4) -> None:
        self.directory = directory
        self.guard = Guard(FakeClock())
        place = Place(directory, "0123456789abcdef", "app", "boot", segments * SIZE)
        self.log = SpillLog(place, "w", self.guard)

    def fill(self, records: int) -> None:
        for _ in range(records):
            self.log.add(RECORD)

    def kinds(self) -> list[str]:
        """Return the kinds of what each segment holds, oldest first."""
        paths = sorted(self.directory.glob("*.log"))
        return [b"".join(payload[:1] for payload in read_segment(path).payloads).decode() for path in paths]


@pytest.fixture
def bench(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[_Bench]:
    """Give a log of small segments."""
    monkeypatch.setattr(spill_log, "SEGMENT_BYTES", SIZE)
    held = _Bench(tmp_path)
    yield held
    held.log.abandon()


def _batch(group: Group, cut: int) -> Batch:
    return Batch(group, "key", 0, 1, b"", 1, cut)


def test_nothing_is_made_before_the_first_record(bench: _Bench) -> None:
    """A process that only forks others, or has only notes, leaves no files."""
    bench.log.tell_moved("p", 0)
    bench.log.close(is_drained=True)

    assert list(bench.directory.iterdir()) == []

    bench.fill(1)

    assert bench.kinds() == ["ho"]
    assert (bench.log.position, bench.log.size_bytes) == (1, SIZE)


def test_segments_follow_each_other(bench: _Bench) -> None:
    """A full one is followed by the next; notes stand between the records where they were made."""
    bench.fill(2)
    bench.log.tell_batched(_batch(P, 2), 5.0)
    bench.log.tell_acknowledged(_batch(P, 2))
    bench.fill(3)
    bench.log.tell_moved("q", 5)

    assert bench.kinds() == ["hoobao", "hoom"]
    assert bench.log.position == 5


def test_drained_segments_go(bench: _Bench) -> None:
    """Those before a position go once Redis has it; the current one stays until the end."""
    bench.fill(7)
    bench.log.drained(2)
    assert bench.kinds() == ["hooo", "hooo", "ho"]

    bench.log.drained(3)
    assert bench.kinds() == ["hooo", "ho"]

    bench.log.drained(7)
    assert bench.kinds() == ["ho"]

    bench.log.close(is_drained=True)
    assert list(bench.directory.iterdir()) == []

    bench.fill(1)
    assert bench.kinds() == ["ho"]


def test_what_redis_has_not_stays_at_the_end(bench: _Bench) -> None:
    """A recorder that closes while Redis is away keeps its log, locked as long as its process lives."""
    bench.fill(2)
    bench.log.close(is_drained=False)
    bench.fill(1)

    assert bench.kinds() == ["hooo"]
    assert list(SpillFiles.left_behind(bench.directory, "0123456789abcdef")) == []

    bench.log.abandon()

    (files,) = SpillFiles.left_behind(bench.directory, "0123456789abcdef")
    files.release()


def test_a_full_log_stops_until_redis_has_it(bench: _Bench, caplog: pytest.LogCaptureFixture) -> None:
    """What is not written is counted, the oldest is kept, and one line says so."""
    bench.fill(20)

    assert bench.kinds() == ["hooo"] * 4
    assert (bench.log.position, bench.log.is_stopped) == (12, True)
    assert bench.guard.counts() == {"spill_overflow": 8}
    assert [record.getMessage() for record in caplog.records] == [
        "spilling stops until Redis has what was spilled: spill_bytes are used up"
    ]

    bench.log.drained(11)
    assert bench.log.is_stopped

    bench.log.drained(12)
    assert not bench.log.is_stopped
    assert bench.kinds() == []

    bench.fill(1)
    assert bench.kinds() == ["ho"]
    assert bench.log.position == 13


def test_notes_go_on_in_a_full_log(bench: _Bench) -> None:
    """One batch of each group settles what is in it; later ones hold nothing of it, so nothing is told of them."""
    bench.fill(13)
    for _ in range(2):
        for group in (P, Q):
            bench.log.tell_batched(_batch(group, 12), 5.0)
            bench.log.tell_acknowledged(_batch(group, 12))

    assert "".join(bench.kinds()).count("b") == 2
    assert "".join(bench.kinds()).count("a") == 2


def test_room_is_shared_with_other_processes(bench: _Bench) -> None:
    """What others have in the directory counts."""
    (bench.directory / "other.00000000.log").write_bytes(bytes(3 * SIZE))
    bench.fill(4)

    assert bench.log.position == 3
    assert bench.guard.counts() == {"spill_overflow": 1}


def test_a_record_that_is_too_long_is_left_out(bench: _Bench) -> None:
    """It is counted; nothing else changes."""
    bench.fill(1)
    bench.log.add(b"o" * (MAX_RECORD_BYTES + 1))
    bench.fill(1)

    assert bench.kinds() == ["hoo"]
    assert bench.guard.counts() == {"fault:spill_record_too_long": 1}


def test_a_directory_that_cannot_be_written_any_more(
    bench: _Bench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Recording goes on without a log, one line says so; it is tried again when Redis has everything."""

    def refuse(*arguments: object) -> int:
        raise OSError(30, "Read-only file system")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        for _ in range(3):
            bench.fill(2)
            bench.log.drained(0)

    assert bench.guard.counts() == {"fault:spill_unwritable": 3, "spill_overflow": 6}
    assert [record.getMessage() for record in caplog.records] == [
        "spilling stops until Redis has what was spilled: Read-only file system"
    ]

    bench.fill(1)
    assert bench.kinds() == ["ho"]


def test_a_note_that_cannot_be_written_voids_the_log(bench: _Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Records that were sent could be sent again by the next process, so that it must not find them."""

    def refuse(*arguments: object) -> int:
        raise OSError(28, "No space left on device")

    bench.fill(3)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        while bench.kinds():
            bench.log.tell_batched(_batch(P, 3), 5.0)

    assert bench.log.is_stopped
    assert bench.guard.counts() == {"fault:spill_unwritable": 1, "fault:spill_voided": 1}

    bench.log.tell_acknowledged(_batch(P, 3))
    bench.log.drained(3)
    bench.fill(1)

    assert bench.kinds() == ["ho"]


def test_a_voided_log_that_cannot_be_deleted_says_so_itself(
    bench: _Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its last segment begins with a record that no reader goes past."""

    def refuse(*arguments: object, **more: object) -> int:
        raise OSError(30, "Read-only file system")

    bench.fill(3)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        patch.setattr(Path, "unlink", refuse)
        while not bench.log.is_stopped:
            bench.log.tell_batched(_batch(P, 3), 5.0)

    assert bench.kinds() == ["v"]


def test_what_cannot_be_deleted_is_tried_again(bench: _Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """No segment goes before an older one."""

    def refuse(path: Path, missing_ok: bool = False) -> None:
        raise OSError(30, "Read-only file system")

    bench.fill(7)
    with monkeypatch.context() as patch:
        patch.setattr(Path, "unlink", refuse)
        bench.log.drained(7)
        assert len(bench.kinds()) == 3
    bench.log.drained(7)

    assert len(bench.kinds()) == 1


def test_a_log_taken_up_gets_notes_only(bench: _Bench, tmp_path: Path) -> None:
    """They stand in a small segment of their own; without one the segment goes again."""
    bench.fill(2)
    bench.log.abandon()
    (files,) = SpillFiles.left_behind(tmp_path, "0123456789abcdef")
    place = Place(tmp_path, "0123456789abcdef", "app", "boot", 0)
    first = SpillLog(place, "v", bench.guard, files=files, number=1, position=2)
    assert first.open()
    first.withdraw()
    assert bench.kinds() == ["hoo"]

    second = SpillLog(place, "u", bench.guard, files=files, number=1, position=2)
    assert second.open()
    second.tell_acknowledged(_batch(P, 2))
    second.withdraw()
    second.withdraw()

    assert bench.kinds() == ["hoo", "ha"]
    assert files.segment_path(1).stat().st_size == NOTES_BYTES
    files.release()
