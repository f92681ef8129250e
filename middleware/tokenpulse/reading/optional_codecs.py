"""Decode brotli or zstd where the app has a library for it.

Strategy: a library is looked for once, when the first such body comes. Brotli: `brotli` or `brotlicffi`, from 1.2
on (older ones cannot be bounded). Zstd: Python's own from 3.14 on, `backports.zstd`, `zstandard`.
Invariants: `inflate` never raises; what a flush of the sender completes comes out at once.
Bounds: no call makes more than `max_bytes` besides one block of the library (128 KiB); a zstd window is at most
8 MiB, as RFC 9659 has it for HTTP.
"""

import sys
from contextlib import suppress
from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Final

from tokenpulse.reading.content_codecs import Codec, MembersCodec

_BROTLI_STEP_BYTES: Final = 64 * 1024
"""What brotli is asked for at once: it may give one and a half times as much."""

_ZSTD_WINDOW_LOG: Final = 23
_BROTLI_LIBRARIES: Final = ("brotli", "brotlicffi")
_ZSTD_OF_PYTHON: Final = ("compression.zstd",) if sys.version_info >= (3, 14) else ()
_ZSTD_LIBRARIES: Final = (*_ZSTD_OF_PYTHON, "backports.zstd", "zstandard")


class BrotliCodec:
    """Decode brotli."""

    def __init__(self, library: ModuleType) -> None:
        self.is_broken = False
        self._decoder = library.Decompressor()
        self._error: type[Exception] = library.error

    def inflate(self, data: bytes, max_bytes: int) -> bytes:
        """Return what the data brings."""
        parts: list[bytes] = []
        part = data
        try:
            # Only an empty part tells the end: `can_accept_more_data` of brotli 1.2.1 says yes while output waits.
            while part and max_bytes > 0:
                part = self._decoder.process(data, output_buffer_limit=_BROTLI_STEP_BYTES)
                data = b""
                parts.append(part)
                max_bytes -= len(part)
        except self._error:
            self.is_broken = True
        return b"".join(parts)


class _FullError(Exception):
    """As much came out as was asked for."""


class _Sink:
    """Take what a zstandard writer writes, up to a bound."""

    def __init__(self) -> None:
        self.parts: list[bytes] = []
        self.room_bytes = 0

    def write(self, part: bytes) -> int:
        """Keep a part. Raises: _FullError when the room is used up, which ends the writer's work."""
        self.parts.append(bytes(part))
        self.room_bytes -= len(part)
        if self.room_bytes <= 0:
            raise _FullError
        return len(part)


class ZstandardCodec:
    """Decode zstd by the package `zstandard`, whose only bounded interface writes into a file."""

    def __init__(self, library: ModuleType) -> None:
        self.is_broken = False
        self._error: type[Exception] = library.ZstdError
        self._sink = _Sink()
        decompressor = library.ZstdDecompressor(max_window_size=1 << _ZSTD_WINDOW_LOG)
        self._writer = decompressor.stream_writer(self._sink)

    def inflate(self, data: bytes, max_bytes: int) -> bytes:
        """Return what the data brings."""
        sink = self._sink
        sink.parts, sink.room_bytes = [], max_bytes
        with suppress(_FullError):
            try:
                self._writer.write(data)
            except self._error:
                self.is_broken = True
        return b"".join(sink.parts)[:max_bytes]


def brotli_codec() -> Codec | None:
    """Return a codec for `br`, None without a library."""
    library = _library(_BROTLI_LIBRARIES)
    return None if library is None else BrotliCodec(library)


def zstd_codec() -> Codec | None:
    """Return a codec for `zstd`, None without a library."""
    library = _library(_ZSTD_LIBRARIES)
    if library is None:
        return None
    if not hasattr(library, "DecompressionParameter"):
        return ZstandardCodec(library)
    options = {library.DecompressionParameter.window_log_max: _ZSTD_WINDOW_LOG}
    return MembersCodec(lambda: library.ZstdDecompressor(options=options), library.ZstdError)


@cache
def _library(names: tuple[str, ...]) -> ModuleType | None:
    """Return the first of these libraries that is there and can be bounded."""
    for name in names:
        with suppress(ImportError):
            library = import_module(name)
            if name not in _BROTLI_LIBRARIES or hasattr(library.Decompressor, "can_accept_more_data"):
                return library
    return None
