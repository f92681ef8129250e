"""Tests of one file of records."""

import os
import zlib
from pathlib import Path

import pytest

from tokenpulse.spill.spill_segment import MAX_RECORD_BYTES, Segment, read_segment

SIZE = 4096


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where a segment may be made."""
    return tmp_path / "s.00000000.log"


def _written(path: Path, *payloads: bytes) -> None:
    segment = Segment(path, SIZE)
    for payload in payloads:
        assert segment.append(payload)
    segment.close()


def test_records_come_back_in_order(path: Path) -> None:
    """What was appended is read; the room of the whole file was taken at once, for nobody else to read."""
    _written(path, b"first", b"second", b"x" * 1000)
    contents = read_segment(path)

    assert contents.payloads == [b"first", b"second", b"x" * 1000]
    assert (contents.ending, contents.size_bytes) == ("clean", SIZE)
    assert path.stat().st_blocks * 512 >= SIZE
    assert path.stat().st_mode & 0o777 == 0o600


def test_records_are_there_before_the_file_is_closed(path: Path) -> None:
    """Another process reads what was appended without a word of the one that did."""
    segment = Segment(path, SIZE)
    segment.append(b"first")

    assert read_segment(path).payloads == [b"first"]
    segment.close()


def test_what_does_not_fit_is_refused_whole(path: Path) -> None:
    """A record goes in up to the last byte, one byte more does not; nor does one that is too long."""
    _written(path, b"x" * (SIZE - 16 - 1), b"")
    path.unlink()
    segment = Segment(path, SIZE)

    assert not segment.append(b"x" * (SIZE - 7))
    assert segment.append(b"x" * (SIZE - 8))
    assert not segment.append(b"")
    segment.close()
    assert read_segment(path).payloads == [b"x" * (SIZE - 8)]
    assert read_segment(path).ending == "clean"

    large = Segment(path.with_name("large"), 4 * MAX_RECORD_BYTES)
    assert not large.append(b"x" * (MAX_RECORD_BYTES + 1))
    assert large.append(b"x" * MAX_RECORD_BYTES)
    large.close()


@pytest.mark.parametrize("cut", [1, 4, 8, 9, 20])
def test_a_record_half_written_is_torn(path: Path, cut: int) -> None:
    """A process killed in the middle of a copy leaves a tail that does not count; what came before does."""
    _written(path, b"first", b"a second one, longer")
    data = bytearray(path.read_bytes())
    start = 8 + len(b"first")
    end = start + 8 + len(b"a second one, longer")
    data[start + cut : end] = bytes(end - start - cut)
    path.write_bytes(data)
    contents = read_segment(path)

    assert contents.payloads == [b"first"]
    assert contents.ending == "torn"


def test_a_tail_written_before_its_head_is_torn(path: Path) -> None:
    """A copy need not go from front to back: bytes after a length of zero are a torn record as well."""
    _written(path, b"first", b"second")
    data = bytearray(path.read_bytes())
    start = 8 + len(b"first")
    data[start : start + 8] = bytes(8)
    path.write_bytes(data)

    assert read_segment(path) == ([b"first"], "torn", SIZE)


def test_damage_is_told_from_a_torn_record(path: Path) -> None:
    """More bytes after a bad record than one record can hold are not the mark of a kill."""
    segment = Segment(path, 4 * MAX_RECORD_BYTES)
    segment.append(b"first")
    for _ in range(3):
        segment.append(b"y" * MAX_RECORD_BYTES)
    segment.close()
    data = bytearray(path.read_bytes())
    data[20] ^= 0xFF
    path.write_bytes(data)
    contents = read_segment(path)

    assert contents.payloads == [b"first"]
    assert contents.ending == "damaged"


def test_a_length_past_the_end_is_no_record(path: Path) -> None:
    """A head that promises more than the file holds is not believed."""
    path.write_bytes((500).to_bytes(4, "little") + zlib.crc32(b"abc").to_bytes(4, "little") + b"abc")

    assert read_segment(path) == ([], "torn", 11)


def test_an_overwritten_beginning_hides_the_rest(path: Path) -> None:
    """The first record is replaced, whatever followed."""
    segment = Segment(path, SIZE)
    segment.append(b"the header, some bytes long")
    segment.append(b"second")
    segment.overwrite_first(b"v")
    segment.close()

    assert read_segment(path).payloads == [b"v"]


def test_a_file_that_is_there_is_not_taken(path: Path) -> None:
    """Nobody's file is overwritten."""
    _written(path, b"first")

    with pytest.raises(FileExistsError):
        Segment(path, SIZE)
    assert read_segment(path).payloads == [b"first"]


def test_no_room_leaves_no_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that is full is an error at once, never a signal later."""

    def refuse(descriptor: int, offset: int, length: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "posix_fallocate", refuse)

    with pytest.raises(OSError, match="No space left"):
        Segment(path, SIZE)
    assert not path.exists()


def test_systems_without_allocation_get_zeros_written(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The room is taken all the same."""
    monkeypatch.delattr(os, "posix_fallocate")
    _written(path, b"first")

    assert read_segment(path) == ([b"first"], "clean", SIZE)
    assert path.stat().st_blocks * 512 >= SIZE
