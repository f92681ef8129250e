"""Read what a process left behind: its notes, followed to their end, then its records.

Invariant: a log is only read to its end if nothing in it can be missing but the record that was being written.
Bounds: one segment is held at a time.
"""

from collections.abc import Iterator
from typing import Final, NamedTuple

from tokenpulse.sink import HttpExchange
from tokenpulse.spill.spill_fates import Fates
from tokenpulse.spill.spill_files import SpillFiles
from tokenpulse.spill.spill_records import (
    ACKNOWLEDGED,
    BATCHED,
    EXCHANGE,
    HEADER,
    MOVED,
    OBSERVATION,
    Header,
    decode_acknowledged,
    decode_batched,
    decode_exchange,
    decode_header,
    decode_moved,
    decode_observation,
)
from tokenpulse.spill.spill_segment import Contents, read_segment
from tokenpulse_shared.records import Observation

_RECORDS: Final = (OBSERVATION, EXCHANGE)


class UnsoundLogError(Exception):
    """Say why a log cannot be replayed without the risk of counting twice."""


class OtherFormatError(Exception):
    """Say that a log is for another version to read."""


class History(NamedTuple):
    """Hold what a log tells: `number` of its next segment, `position` at its end, records torn at the end."""

    header: Header
    fates: Fates
    number: int
    position: int
    torn: int


def read_history(files: SpillFiles, boot: str | None) -> History | None:
    """Return what a log tells, None if there is nothing in it.

    Raises:
        UnsoundLogError: something is missing in it, or it may be older than what Redis has.
        OtherFormatError: another version must read it.
        OSError: a file cannot be read.
    """
    reading = _Reading(boot)
    for path in files.segment_paths():
        number = int(path.name.split(".")[1])
        contents = read_segment(path)
        if contents.payloads:
            reading.take(number, contents)
        elif contents.ending == "damaged":
            raise UnsoundLogError("a segment cannot be read")
        else:  # its process was killed before it had written the header
            reading.number = number + 1
    return reading.history()


class _Reading:
    def __init__(self, boot: str | None) -> None:
        self._boot = boot
        self._header: Header | None = None
        self._fates = Fates()
        self.number: int | None = None
        self._position = 0
        self._torn = 0
        self._is_torn = False

    def history(self) -> History | None:
        if self._header is None or self.number is None:
            return None
        return History(self._header, self._fates, self.number, self._position, self._torn)

    def take(self, number: int, contents: Contents) -> None:
        if contents.payloads[0][:1] != HEADER:
            raise UnsoundLogError("a note could not be written")
        header = decode_header(contents.payloads[0])
        if header is None:
            raise OtherFormatError
        self._check(header, number, contents)
        self._header = header
        for payload in contents.payloads[1:]:
            self._follow(payload, header.writer_id)
        self.number = number + 1
        self._is_torn = contents.ending == "torn"
        self._torn += self._is_torn

    def _check(self, header: Header, number: int, contents: Contents) -> None:
        """Refuse a segment that does not follow the one before.

        Raises:
            UnsoundLogError: it does not, or it is not whole.
        """
        if header.boot != self._boot:
            raise UnsoundLogError("the machine was restarted since")
        if contents.ending == "damaged" or contents.size_bytes != header.size_bytes:
            raise UnsoundLogError("a segment is not whole")
        if self._header is None:
            self._position = header.position
            return
        is_other_process = header.writer_id != self._header.writer_id
        if (
            number != self.number
            or header.position != self._position
            or (self._is_torn and not is_other_process)
        ):
            raise UnsoundLogError("a segment is missing, or not whole")
        if is_other_process:
            self._fates.note_other_process()

    def _follow(self, payload: bytes, writer_id: str) -> None:
        kind = payload[:1]
        if kind in _RECORDS:
            self._position += 1
        elif kind == BATCHED:
            self._fates.note_batch(decode_batched(payload), writer_id)
        elif kind == ACKNOWLEDGED:
            self._fates.note_acknowledged(decode_acknowledged(payload))
        else:
            assert kind == MOVED
            self._fates.note_moved(*decode_moved(payload))


class Record(NamedTuple):
    """Hold one record with its position; an observation comes with the `now` of its minute, epoch seconds."""

    position: int
    value: Observation | HttpExchange
    now: float


def read_records(files: SpillFiles) -> Iterator[Record]:
    """Give every record of a log whose history was read.

    Raises:
        OSError: a file cannot be read.
    """
    for path in files.segment_paths():
        payloads = read_segment(path).payloads
        if not payloads:
            continue
        header = decode_header(payloads[0])
        assert header is not None  # else there were no history
        position = header.position
        for payload in payloads[1:]:
            kind = payload[:1]
            if kind not in _RECORDS:
                continue
            position += 1
            if kind == OBSERVATION:
                yield Record(position, *decode_observation(payload, header.observation))
            else:
                yield Record(position, decode_exchange(payload, header.exchange), 0.0)
