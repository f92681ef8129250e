"""One file of records, written by a process that may be killed at any moment.

Strategy: the file is mapped into memory, so a record is a copy of some hundred bytes, no system call; what was
copied outlives the process, though not the machine. All of its room is taken from the disk when it is made: a
disk that fills up later is an error then, not a signal that kills the process.
Layout: records, one after the other: length (4 bytes), CRC-32 (4), payload; a length of 0 ends them.
Bounds: a record holds `MAX_RECORD_BYTES`; at most one is torn, the last.
"""

import mmap
import os
import struct
import zlib
from pathlib import Path
from typing import Final, Literal, NamedTuple

MAX_RECORD_BYTES: Final = 32_768
"""Far more than a record with an error message and all buckets of its gaps takes."""
_HEAD: Final = struct.Struct("<II")
_HEAD_BYTES: Final = _HEAD.size
_pack_head: Final = _HEAD.pack
_checksum: Final = zlib.crc32

Ending = Literal["clean", "torn", "damaged"]


class Segment:
    """Write one new file; used under its owner's lock.

    Raises:
        OSError: the file cannot be made, or there is no room for it.
    """

    def __init__(self, path: Path, size_bytes: int) -> None:
        self.path = path
        self._size = size_bytes
        self._offset = 0
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR | os.O_CLOEXEC, 0o600)
        try:
            _allocate(descriptor, size_bytes)
            self._map = mmap.mmap(descriptor, size_bytes)
        except OSError:
            path.unlink()
            raise
        finally:
            os.close(descriptor)

    def append(self, payload: bytes) -> bool:
        """Write a record; return False, with nothing written, where there is no room or it is too long."""
        length = len(payload)
        end = self._offset + _HEAD_BYTES + length
        if end > self._size or length > MAX_RECORD_BYTES:
            return False
        self._map[self._offset : end] = _pack_head(length, _checksum(payload)) + payload
        self._offset = end
        return True

    def overwrite_first(self, payload: bytes) -> None:
        """Put a record over the beginning of the file: what followed is not to be read any more."""
        self._map[: _HEAD_BYTES + len(payload)] = _pack_head(len(payload), _checksum(payload)) + payload

    def close(self) -> None:
        """Give the memory back; the file stays."""
        self._map.close()


def _allocate(descriptor: int, size_bytes: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(descriptor, 0, size_bytes)
    else:  # macOS
        os.write(descriptor, bytes(size_bytes))


class Contents(NamedTuple):
    """Hold the payloads of a file, in order, and how they end; `size_bytes` is the file's."""

    payloads: list[bytes]
    ending: Ending
    size_bytes: int


def read_segment(path: Path) -> Contents:
    """Return what a file holds: `torn` is a last record that was being written, `damaged` is anything else.

    Raises:
        OSError: the file cannot be read.
    """
    data = path.read_bytes()
    payloads: list[bytes] = []
    offset = 0
    while offset + _HEAD_BYTES <= len(data):
        length, checksum = _HEAD.unpack_from(data, offset)
        payload = data[offset + _HEAD_BYTES : offset + _HEAD_BYTES + length]
        if not length or len(payload) < length or _checksum(payload) != checksum:
            break
        payloads.append(payload)
        offset += _HEAD_BYTES + length
    return Contents(payloads, _ending(data, offset), len(data))


def _ending(data: bytes, offset: int) -> Ending:
    written = len(data[offset:].rstrip(b"\0"))
    if not written:
        return "clean"
    return "torn" if written <= _HEAD_BYTES + MAX_RECORD_BYTES else "damaged"
