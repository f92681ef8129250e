"""Keep records of series' minutes in blocks that the system has back when they are dropped.

Strategy: blocks are mapped from the system, each of one minute. What is dropped is whole blocks, the oldest minutes'
first, so memory is given back at once and leaves no holes among objects that stay. A record begins with the place
of its series' record before it: a series needs only the place of its latest.
Invariants: from record to record a series' minutes never rise, so what is dropped is the end of such a chain; numbers
of blocks are never used again, so a place in a block that is gone leads nowhere.
Bounds: what `shed_before` and `shed_to` leave; of each minute one block is not full, of that only what is written
takes memory.
"""

import struct
from collections.abc import Iterator
from mmap import ACCESS_COPY, mmap
from typing import Final

BLOCK_BYTES: Final = 64 * 1024
"""Some 200 records; a longer record has a block of its own size."""
NOWHERE: Final = 0
"""The place of no record."""
_HEAD: Final = struct.Struct("<QI")
"""Before each record: the place of the one before, the record's length."""
_LINK: Final = struct.Struct("<Q")
_OFFSET_BITS: Final = 32


class _Block:
    """Hold records of a minute; `used_bytes` from its beginning."""

    __slots__ = ("minute", "pages", "used_bytes")

    def __init__(self, minute: int, size_bytes: int) -> None:
        self.minute = minute
        # A copy of nobody's: of a process that is forked each has its own.
        self.pages = mmap(-1, size_bytes, access=ACCESS_COPY)
        self.used_bytes = 0


class MinuteRecords:
    """Keep records of many series; used by the flush thread only.

    A place is a block's number, from 1, and the offset in it.
    """

    def __init__(self) -> None:
        self.held_bytes = 0
        """Length of the records that are kept, also of series that are no more."""
        self._blocks: dict[int, _Block] = {}
        self._filling: dict[int, int] = {}
        """Minute → number of its block with room."""
        self._made = 0

    def add(self, latest: int, minute: int, payload: bytes) -> int:
        """Keep a record of the series whose latest one is at `latest`; return the place of its latest one now.

        Where the system has no memory the record is not kept: its counts are in its hour too.
        """
        newer, older = NOWHERE, latest
        while self._minute_at(older) > minute:
            newer, older = older, self._head(older)[0]
        try:
            place = self._write(minute, _HEAD.pack(older, len(payload)) + payload)
        except OSError:
            return latest
        if newer == NOWHERE:
            return place
        _LINK.pack_into(self._blocks[newer >> _OFFSET_BITS].pages, _offset(newer), place)
        return latest

    def of(self, latest: int) -> Iterator[tuple[int, bytes]]:
        """Give (minute, payload) of a series, latest minutes first."""
        while (minute := self._minute_at(latest)) >= 0:
            before, size = self._head(latest)
            begin = _offset(latest) + _HEAD.size
            yield minute, self._blocks[latest >> _OFFSET_BITS].pages[begin : begin + size]
            latest = before

    def shed_before(self, minute: int) -> None:
        """Drop the records of minutes before the given one."""
        for number in self._oldest_first():
            if self._blocks[number].minute >= minute:
                break
            self._drop(number)

    def shed_to(self, most_bytes: int) -> None:
        """Drop the oldest until not more than so many bytes are held."""
        for number in self._oldest_first():
            if self.held_bytes <= most_bytes:
                break
            self._drop(number)

    def _oldest_first(self) -> list[int]:
        return sorted(self._blocks, key=lambda number: (self._blocks[number].minute, number))

    def _drop(self, number: int) -> None:
        block = self._blocks.pop(number)
        self.held_bytes -= block.used_bytes
        if self._filling[block.minute] == number:
            del self._filling[block.minute]
        block.pages.close()

    def _minute_at(self, place: int) -> int:
        """Return -1 when nothing is there any more."""
        block = self._blocks.get(place >> _OFFSET_BITS)
        return -1 if block is None else block.minute

    def _head(self, place: int) -> tuple[int, int]:
        before, size = _HEAD.unpack_from(self._blocks[place >> _OFFSET_BITS].pages, _offset(place))
        return before, size

    def _write(self, minute: int, record: bytes) -> int:
        number = self._filling.get(minute, 0)
        block = self._blocks.get(number)
        if block is None or block.used_bytes + len(record) > len(block.pages):
            block = _Block(minute, max(BLOCK_BYTES, len(record)))
            number = self._filling[minute] = self._made = self._made + 1
            self._blocks[number] = block
        begin = block.used_bytes
        block.pages[begin : begin + len(record)] = record
        block.used_bytes += len(record)
        self.held_bytes += len(record)
        return number << _OFFSET_BITS | begin


def _offset(place: int) -> int:
    return place & (1 << _OFFSET_BITS) - 1
