"""Tests of reading what a process left behind."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tokenpulse.batches.numbered_batch import Batch, Group
from tokenpulse.sink import HttpExchange
from tokenpulse.spill.spill_files import SpillFiles
from tokenpulse.spill.spill_history import (
    OtherFormatError,
    Record,
    UnsoundLogError,
    read_history,
    read_records,
)
from tokenpulse.spill.spill_records import (
    encode_acknowledged,
    encode_batched,
    encode_exchange,
    encode_header,
    encode_moved,
    encode_observation,
)
from tokenpulse.spill.spill_segment import Segment
from tokenpulse_shared.records import Observation

SIZE = 4096
P = Group("provider", "p")
OBSERVATION = Observation("p", "m", tokens_input=1)
EXCHANGE = HttpExchange("GET", "/a", 200, 0.5, 1, 2, None)
RECORD = encode_observation(OBSERVATION, 60.0)


@pytest.fixture
def files(tmp_path: Path) -> Iterator[SpillFiles]:
    """Give files of a process."""
    held = SpillFiles.claim(tmp_path, "0123456789abcdef")
    yield held
    held.release()


def _write(
    files: SpillFiles,
    number: int,
    position: int,
    *payloads: bytes,
    writer_id: str = "w",
    boot: str | None = "b",
    size: int = SIZE,
) -> Path:
    path = files.segment_path(number)
    segment = Segment(path, SIZE)
    segment.append(encode_header(number, position, size, writer_id, "app", boot))
    for payload in payloads:
        segment.append(payload)
    segment.close()
    return path


def _tear(path: Path) -> None:
    data = bytearray(path.read_bytes())
    end = len(data.rstrip(b"\0"))
    data[end - 3 : end] = bytes(3)
    path.write_bytes(data)


def _batched(cut: int) -> bytes:
    return encode_batched(Batch(P, "key", 0, 1, b"", 1, cut), 5.0)


def test_nothing_is_nothing(files: SpillFiles) -> None:
    """No segment, or one whose process was killed before it had written anything."""
    assert read_history(files, "b") is None

    Segment(files.segment_path(0), SIZE).close()

    assert read_history(files, "b") is None
    assert list(read_records(files)) == []


def test_records_count_on_from_segment_to_segment(files: SpillFiles) -> None:
    """Positions are those of all records ever written, the oldest of which are gone; notes have none."""
    _write(files, 4, 10, RECORD, _batched(11), encode_exchange(EXCHANGE))
    _write(files, 5, 12, encode_acknowledged(P), RECORD, encode_moved("q", 13))
    history = read_history(files, "b")

    assert history is not None
    assert (history.number, history.position, history.torn) == (6, 13, 0)
    sent = history.fates.find(P, 11)
    assert sent is not None
    assert (sent.writer_id, sent.is_acknowledged) == ("w", True)
    assert history.fates.find(P, 13) is None
    assert list(read_records(files)) == [
        Record(11, OBSERVATION, 60.0),
        Record(12, EXCHANGE, 0.0),
        Record(13, OBSERVATION, 60.0),
    ]


def test_a_torn_end_is_left_out(files: SpillFiles) -> None:
    """The record that was being written when its process was killed does not count, all before it do."""
    _tear(_write(files, 0, 0, RECORD, RECORD))
    history = read_history(files, "b")

    assert history is not None
    assert (history.position, history.torn) == (1, 1)
    assert [record.position for record in read_records(files)] == [1]


def test_another_process_goes_on_behind_a_torn_end(files: SpillFiles) -> None:
    """Who took the log up wrote its notes into a segment of its own."""
    _tear(_write(files, 0, 0, RECORD, encode_moved("p", 1), RECORD))
    Segment(files.segment_path(1), SIZE).close()
    _write(files, 2, 1, _batched(1), writer_id="v")
    history = read_history(files, "b")

    assert history is not None
    sent = history.fates.find(P, 1)
    assert sent is not None
    assert (sent.writer_id, history.number, history.torn) == ("v", 3, 1)


def _missing(files: SpillFiles) -> None:
    _write(files, 0, 0, RECORD)
    _write(files, 2, 1, RECORD)


def _short_of_records(files: SpillFiles) -> None:
    _write(files, 0, 0, RECORD)
    _write(files, 1, 3, RECORD)


def _torn_in_the_middle(files: SpillFiles) -> None:
    _tear(_write(files, 0, 0, RECORD, RECORD))
    _write(files, 1, 1, RECORD)


def _cut_off(files: SpillFiles) -> None:
    _write(files, 0, 0, RECORD, size=SIZE + 1)


def _voided(files: SpillFiles) -> None:
    segment = Segment(files.segment_path(0), SIZE)
    segment.append(b"v")
    segment.close()


def _unreadable(files: SpillFiles) -> None:
    files.segment_path(0).write_bytes(b"\xff" * 100_000)


def _damaged(files: SpillFiles) -> None:
    path = _write(files, 0, 0, RECORD)
    path.write_bytes(path.read_bytes() + b"\xff" * 100_000)


@pytest.mark.parametrize(
    "spoil", [_missing, _short_of_records, _torn_in_the_middle, _cut_off, _voided, _unreadable, _damaged]
)
def test_a_log_with_something_missing_is_refused(
    files: SpillFiles, spoil: Callable[[SpillFiles], None]
) -> None:
    """What is missing may be the note that Redis has the rest: nothing of it may be sent."""
    spoil(files)

    with pytest.raises(UnsoundLogError):
        read_history(files, "b")


def test_a_log_from_before_a_restart_of_the_machine_is_refused(files: SpillFiles) -> None:
    """What was in memory only did not outlive it: the end of the log may be missing."""
    _write(files, 0, 0, RECORD, boot="a")

    with pytest.raises(UnsoundLogError, match="restarted"):
        read_history(files, "b")


def test_another_format_is_left_to_who_knows_it(files: SpillFiles) -> None:
    """A newer version's log is no damage."""
    segment = Segment(files.segment_path(0), SIZE)
    segment.append(b"h[2]")
    segment.close()

    with pytest.raises(OtherFormatError):
        read_history(files, "b")
