"""The log of one process: what it recorded, what became of it, in segments that go when Redis has it all.

Strategy: each segment says in its header how many records came before it, so that the oldest ones can go while
positions stay. Nothing is made before the first record: a process that only forks others leaves no files.
Invariants: a note is in the log before what it tells of happens in Redis. A note that cannot be written voids
the log: records may then be lost with the process, never doubled.
Bounds: segments of `SEGMENT_BYTES`; all segments in the directory together take `most_bytes`, past that records
are no longer written, each counted as `spill_overflow`, until Redis has all that was; notes of what becomes of
records that were written still are, one for each group at most.
"""

import contextlib
from collections import deque
from pathlib import Path
from typing import Final

from tokenpulse.batches.numbered_batch import Batch, Group
from tokenpulse.guard import Guard
from tokenpulse.spill.spill_files import Place, SpillFiles, used_bytes
from tokenpulse.spill.spill_records import (
    VOID,
    encode_acknowledged,
    encode_batched,
    encode_header,
    encode_moved,
)
from tokenpulse.spill.spill_segment import MAX_RECORD_BYTES, Segment

SEGMENT_BYTES: Final = 256 * 1024
"""About 1,000 requests: small, for each process holds one at least; large enough that making one is rare."""
NOTES_BYTES: Final = 16 * 1024
"""Segments of a log that was taken up hold only notes."""


class SpillLog:
    """Write one log; used under its owner's lock.

    `files`, `number`, `position`: None and 0, or what another process left behind, to be taken up.
    """

    def __init__(
        self,
        place: Place,
        writer_id: str,
        guard: Guard,
        *,
        files: SpillFiles | None = None,
        number: int = 0,
        position: int = 0,
    ) -> None:
        self._segment_bytes = SEGMENT_BYTES if files is None else NOTES_BYTES
        self._place = place
        self._writer_id = writer_id
        self._guard = guard
        self._files = files
        self._number = number
        self.position = position
        """Records written so far."""
        self._base = position if files is None else -1
        """Position up to which nothing of the log is left, so that nothing needs be told of it."""
        self._segment: Segment | None = None
        self._full: deque[tuple[Path, int]] = deque()
        """Segments before the current one, each with the position at its end."""
        self._has_room = True
        self._has_said = False
        self._has_notes = False
        self._told: set[Group] = set()
        """Groups of which, since the log was stopped, Redis has every record that is in it."""
        self._batched: dict[Group, int] = {}
        """Sequence of each group's last batch that was noted, until Redis has it."""

    @property
    def is_stopped(self) -> bool:
        """Tell whether records are not written for want of room."""
        return not self._has_room

    @property
    def size_bytes(self) -> int:
        """Return the room the segments take, about."""
        return (len(self._full) + (self._segment is not None)) * self._segment_bytes

    def add(self, payload: bytes) -> None:
        """Write a record, or count that there is no room for it; under 1 µs."""
        segment = self._segment
        if (segment is not None and self._has_room and segment.append(payload)) or self._add_slowly(payload):
            self.position += 1

    def _add_slowly(self, payload: bytes) -> bool:
        if self._has_room and self._write(payload, is_bounded=True):
            return True
        if not self._has_room:
            self._guard.count("spill_overflow")
        return False

    def tell_moved(self, provider: str, position: int) -> None:
        """Note that a provider's records up to the position count under `__other__`."""
        self._tell(encode_moved(provider, position))

    def tell_batched(self, batch: Batch, now: float) -> None:
        """Note what a batch holds, before it is sent."""
        if batch.cut is not None and batch.group not in self._told:
            self._batched[batch.group] = batch.sequence
            self._tell(encode_batched(batch, now))

    def tell_acknowledged(self, batch: Batch) -> None:
        """Note that Redis has a batch: of one that its group's next was noted behind, that note tells it."""
        if batch.group in self._told or self._batched.get(batch.group, batch.sequence) != batch.sequence:
            return
        self._batched.pop(batch.group, None)
        self._tell(encode_acknowledged(batch.group))
        if not self._has_room and batch.cut == self.position:
            self._told.add(batch.group)

    def drained(self, position: int) -> None:
        """Let go of segments whose records Redis has; a stopped log starts again once it has them all."""
        with contextlib.suppress(OSError):  # tried again the next time: none may go before an older one
            while self._full and self._full[0][1] <= position:
                self._full[0][0].unlink(missing_ok=True)
                self._full.popleft()
        if not self._has_room and position >= self.position:
            self._let_go()
            self._has_room = True

    def open(self) -> bool:
        """Make room for notes at once; return whether that worked."""
        return self._make_segment(is_bounded=False) is not None

    def withdraw(self) -> None:
        """Close a log that was taken up; its owner has the files."""
        if self._segment is not None:
            self._segment.close()
            if not self._has_notes:
                with contextlib.suppress(OSError):
                    self._segment.path.unlink()
            self._segment = None
        self._files = None

    def close(self, *, is_drained: bool) -> None:
        """Delete everything once Redis has it; else keep it locked for as long as this process lives."""
        if is_drained and self._files is not None:
            self._let_go()
            self._has_room = True
            files, self._files = self._files, None
            with contextlib.suppress(OSError):  # what stays says that Redis has it
                files.remove()

    def abandon(self) -> None:
        """Leave everything to the process that this one was forked from."""
        if self._segment is not None:
            self._segment.close()
            self._segment = None
        if self._files is not None:
            self._files.release()
            self._files = None

    def _tell(self, payload: bytes) -> None:
        if self.position > self._base:
            self._has_notes = True
            if not self._write(payload, is_bounded=False):
                self._void()

    def _write(self, payload: bytes, *, is_bounded: bool) -> bool:
        if self._segment is not None and self._segment.append(payload):
            return True
        if len(payload) > MAX_RECORD_BYTES:
            self._guard.fault("spill_record_too_long")
            return False
        fresh = self._make_segment(is_bounded=is_bounded)
        return fresh is not None and fresh.append(payload)

    def _make_segment(self, *, is_bounded: bool) -> Segment | None:
        place, size = self._place, self._segment_bytes
        try:
            if is_bounded and used_bytes(place.directory) + size > place.most_bytes:
                self._stop("spill_bytes are used up")
                return None
            if self._files is None:
                self._files = SpillFiles.claim(place.directory, place.target)
            fresh = Segment(self._files.segment_path(self._number), size)
        except OSError as error:
            self._guard.fault("spill_unwritable")
            self._stop(error.strerror or type(error).__name__)
            return None
        header = self._number, self.position, size, self._writer_id, place.app_name, place.boot
        fresh.append(encode_header(*header))
        if self._segment is not None:
            self._full.append((self._segment.path, self.position))
            self._segment.close()
        self._segment = fresh
        self._number += 1
        self._has_said = False
        return fresh

    def _stop(self, reason: str) -> None:
        self._has_room = False
        if not self._has_said:
            self._has_said = True
            self._guard.say("spilling stops until Redis has what was spilled", reason)

    def _void(self) -> None:
        self._guard.fault("spill_voided")
        self._stop("a note could not be written")
        assert self._segment is not None  # else there were nothing to note
        self._segment.overwrite_first(VOID)  # for the case that it cannot be deleted either
        self._let_go()

    def _let_go(self) -> None:
        """Delete the segments; the next record begins a new one."""
        if self._segment is not None:
            self._segment.close()
            self._segment = None
        self._full.clear()
        self._told.clear()
        self._base = self.position
        if self._files is not None:
            with contextlib.suppress(OSError):
                self._files.remove_segments()
