"""Decode the content codings that Python's own libraries read.

Invariants: `inflate` never raises; what a flush of the sender completes comes out at once.
Bounds: no call makes more than `max_bytes`; a body has at most `MAX_MEMBERS`; the cost is linear in what comes in
besides what comes out.
"""

import zlib
from collections.abc import Callable
from typing import Final, Protocol

MAX_MEMBERS: Final = 4096
"""Most gzip members or zstd frames of one body: an empty one of 9 bytes costs up to 9 µs."""

_GZIP_BITS: Final = 31
_GZIP_MAGIC: Final = b"\x1f\x8b"
_ZLIB_BITS: Final = 15
_RAW_BITS: Final = -15
_SLICE_BYTES: Final = 4096
"""What is fed at once where members follow each other: what is left behind each is copied."""


class Codec(Protocol):
    """Decode one body, piece by piece."""

    is_broken: bool
    """Whether the data was found to be wrong."""

    def inflate(self, data: bytes, max_bytes: int) -> bytes:
        """Return what the data brings; a codec that gave `max_bytes` may hold more, and must not be used again.

        max_bytes: at least 1.
        """


class Decompressor(Protocol):
    """What zlib's and Python's own zstd decompressors have in common."""

    @property
    def eof(self) -> bool:
        """Tell whether the member has ended."""

    @property
    def unused_data(self) -> bytes:
        """Return what followed the member's end."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Return what the data brings."""


class IdentityCodec:
    """Pass bytes on."""

    def __init__(self) -> None:
        self.is_broken = False

    def inflate(self, data: bytes, max_bytes: int) -> bytes:
        """Return the data."""
        return data[:max_bytes]


class MembersCodec:
    """Decode gzip members, or zstd frames, one after the other; pass over what follows them and is none."""

    def __init__(
        self, new_member: Callable[[], Decompressor], error: type[Exception], magic: bytes = b""
    ) -> None:
        """magic: what a member begins with; b"": whatever follows a member must be one."""
        self.is_broken = False
        self._new_member = new_member
        self._error = error
        self._magic = magic
        self._member = new_member()
        self._start = b""
        self._ended_members = 0
        self._is_over = False

    def inflate(self, data: bytes, max_bytes: int) -> bytes:
        """Return what the data brings."""
        parts: list[bytes] = []
        place = 0
        while place < len(data) and max_bytes > 0 and not self._is_over:
            piece = data[place : place + _SLICE_BYTES]
            part = self._decompressed(piece, max_bytes)
            parts.append(part)
            max_bytes -= len(part)
            place += len(piece)
            if self._member.eof:
                place -= len(self._member.unused_data)
                self._end_member()
        return b"".join(parts)

    def _decompressed(self, piece: bytes, max_bytes: int) -> bytes:
        if len(self._start) < len(self._magic):
            self._start += piece[: len(self._magic) - len(self._start)]
        try:
            return self._member.decompress(piece, max_bytes)
        except self._error:
            self._is_over = True
            self.is_broken = not self._ended_members or self._start == self._magic
            return b""

    def _end_member(self) -> None:
        self._ended_members += 1
        self._start = b""
        if self._ended_members < MAX_MEMBERS:
            self._member = self._new_member()
        else:
            self._is_over = self.is_broken = True


class DeflateCodec:
    """Decode `deflate`: a zlib stream as the standard says, or a bare one as some servers send."""

    def __init__(self) -> None:
        self.is_broken = False
        self._start = b""
        self._stream: Decompressor | None = None

    def inflate(self, data: bytes, max_bytes: int) -> bytes:
        """Return what the data brings."""
        if self._stream is None:
            data = self._start = self._start + data
            if len(data) < 2:
                return b""
            self._stream, self._start = _deflate_stream(data), b""
        if self._stream.eof:
            return b""
        try:
            return self._stream.decompress(data, max_bytes)
        except zlib.error:
            self.is_broken = True
            return b""


def gzip_codec() -> Codec:
    """Return a codec for `gzip`."""
    return MembersCodec(lambda: zlib.decompressobj(_GZIP_BITS), zlib.error, _GZIP_MAGIC)


def _deflate_stream(data: bytes) -> Decompressor:
    """Return what reads a stream of these first bytes, at least two."""
    # RFC 1950, 2.2: method 8, window up to 32 KiB, the first two bytes a multiple of 31.
    is_zlib = data[0] & 0x0F == 8 and data[0] <= 0x7F and (data[0] << 8 | data[1]) % 31 == 0
    return zlib.decompressobj(_ZLIB_BITS if is_zlib else _RAW_BITS)
