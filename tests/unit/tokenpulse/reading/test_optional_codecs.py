"""Brotli and zstd by whichever library is there, or none."""

import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType, SimpleNamespace
from typing import Any, Final

import brotli
import pytest
import zstandard

from tests.support.framing import pieces_of
from tokenpulse.reading import optional_codecs
from tokenpulse.reading.content_codecs import Codec, MembersCodec
from tokenpulse.reading.optional_codecs import BrotliCodec, ZstandardCodec, brotli_codec, zstd_codec

PYTHONS_ZSTD: Final = importlib.import_module(
    "compression.zstd" if sys.version_info >= (3, 14) else "backports.zstd"
)
MUCH: Final = 10**7
EVENTS: Final = [b"data: %d\n\n" % number for number in range(5)]
ZSTD_LIBRARIES: Final = ("compression", "compression.zstd", "backports.zstd", "zstandard")


def zstd_by_frames(monkeypatch: pytest.MonkeyPatch) -> Codec:
    """Return the codec over the interface that Python has from 3.14 on."""
    monkeypatch.setitem(sys.modules, "zstandard", None)
    codec = zstd_codec()
    assert isinstance(codec, MembersCodec)
    return codec


def zstd_by_writer(monkeypatch: pytest.MonkeyPatch) -> Codec:
    """Return the codec over the package zstandard."""
    for name in ZSTD_LIBRARIES[:-1]:
        monkeypatch.setitem(sys.modules, name, None)
    codec = zstd_codec()
    assert isinstance(codec, ZstandardCodec)
    return codec


EVERY_ZSTD: Final = pytest.mark.parametrize("new_codec", [zstd_by_frames, zstd_by_writer])


@pytest.fixture(autouse=True)
def _libraries_are_looked_for_anew() -> Iterator[None]:
    optional_codecs._library.cache_clear()
    yield
    optional_codecs._library.cache_clear()


def inflated(codec: Codec, raw: bytes, size: int) -> bytes:
    return b"".join(codec.inflate(piece, MUCH) for piece in pieces_of(raw, size))


def test_flushed_brotli_event_comes_out_at_once() -> None:
    """Each event that the sender flushes is there with the piece that brings it."""
    compressor = brotli.Compressor()
    codec = BrotliCodec(brotli)
    flushed = [compressor.process(event) + compressor.flush() for event in EVENTS]

    assert [codec.inflate(piece, MUCH) for piece in flushed] == EVENTS


@EVERY_ZSTD
def test_flushed_zstd_event_comes_out_at_once(
    monkeypatch: pytest.MonkeyPatch, new_codec: Callable[[pytest.MonkeyPatch], Codec]
) -> None:
    """Each event that the sender flushes is there with the piece that brings it."""
    compressor = zstandard.ZstdCompressor().compressobj()
    codec = new_codec(monkeypatch)
    flushed = [
        compressor.compress(event) + compressor.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK) for event in EVENTS
    ]

    assert [codec.inflate(piece, MUCH) for piece in flushed] == EVENTS


@EVERY_ZSTD
@pytest.mark.parametrize("size", [1, 100, MUCH])
def test_zstd_frames_follow_each_other(
    monkeypatch: pytest.MonkeyPatch, new_codec: Callable[[pytest.MonkeyPatch], Codec], size: int
) -> None:
    """A body of several frames, empty and skippable ones among them, is all of them."""
    skippable = b"\x50\x2a\x4d\x18\x03\0\0\0abc"
    raw = b"".join(map(zstandard.compress, [EVENTS[0], b"", EVENTS[1] * 50_000])) + skippable
    codec = new_codec(monkeypatch)

    assert (
        inflated(codec, raw + zstandard.compress(EVENTS[2]), size)
        == EVENTS[0] + EVENTS[1] * 50_000 + EVENTS[2]
    )
    assert not codec.is_broken


@EVERY_ZSTD
def test_zstd_window_is_bounded(
    monkeypatch: pytest.MonkeyPatch, new_codec: Callable[[pytest.MonkeyPatch], Codec]
) -> None:
    """A frame that wants 128 MiB of memory before the first byte is refused."""
    options = {
        PYTHONS_ZSTD.CompressionParameter.window_log: 27,
        PYTHONS_ZSTD.CompressionParameter.content_size_flag: 0,
    }
    compressor = PYTHONS_ZSTD.ZstdCompressor(options=options)
    raw = compressor.compress(EVENTS[0]) + compressor.flush()
    codec = new_codec(monkeypatch)

    assert codec.inflate(raw, MUCH) == b""
    assert codec.is_broken


@EVERY_ZSTD
def test_no_more_zstd_than_asked_for_comes_out(
    monkeypatch: pytest.MonkeyPatch, new_codec: Callable[[pytest.MonkeyPatch], Codec]
) -> None:
    """A codec stops at the length it was asked for."""
    assert new_codec(monkeypatch).inflate(zstandard.compress(bytes(10**6)), 7) == bytes(7)


def test_long_brotli_output_is_not_left_behind() -> None:
    """What one piece brings beyond the library's own bound comes out with that piece."""
    raw = brotli.compress(bytes(10**6))
    codec = BrotliCodec(brotli)

    assert codec.inflate(raw, MUCH) == bytes(10**6)


@pytest.mark.parametrize("size", [1, MUCH])
def test_garbage_after_brotli_is_wrong(size: int) -> None:
    """Brotli has an end; what follows it is no brotli."""
    codec = BrotliCodec(brotli)
    inflated(codec, brotli.compress(EVENTS[0]) + b"garbage", size)

    assert codec.is_broken


def test_without_a_library_nothing_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no library is there, no codec is."""
    for name in (*ZSTD_LIBRARIES, "brotli", "brotlicffi"):
        monkeypatch.setitem(sys.modules, name, None)

    assert brotli_codec() is None
    assert zstd_codec() is None


def test_brotli_that_cannot_be_bounded_is_passed_over(monkeypatch: pytest.MonkeyPatch) -> None:
    """A library of before 1.2 has no limit for its output: the next one is taken."""
    monkeypatch.setitem(sys.modules, "brotli", SimpleNamespace(Decompressor=object))
    monkeypatch.setitem(sys.modules, "brotlicffi", brotli)
    codec = brotli_codec()

    assert codec is not None
    assert codec.inflate(brotli.compress(EVENTS[0]), MUCH) == EVENTS[0]


def test_library_is_looked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A request does not pay for the search of one before it."""
    asked: list[str] = []

    def import_noted(name: str) -> ModuleType:
        asked.append(name)
        return importlib.import_module(name)

    monkeypatch.setattr(optional_codecs, "import_module", import_noted)
    codecs: list[Any] = [brotli_codec(), brotli_codec()]

    assert [type(codec) for codec in codecs] == [BrotliCodec, BrotliCodec]
    assert asked == ["brotli"]
