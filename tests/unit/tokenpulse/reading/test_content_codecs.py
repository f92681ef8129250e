"""Codecs of Python's own libraries: members, flushes, both kinds of deflate."""

import gzip
import zlib

import pytest

from tests.support.framing import pieces_of
from tokenpulse.reading.content_codecs import MAX_MEMBERS, Codec, DeflateCodec, IdentityCodec, gzip_codec

MUCH = 10**7
EVENTS = [b"data: %d\n\n" % number for number in range(5)]


def inflated(codec: Codec, raw: bytes, size: int) -> bytes:
    return b"".join(codec.inflate(piece, MUCH) for piece in pieces_of(raw, size))


@pytest.mark.parametrize("wbits", [31, 15, -15])
def test_flushed_event_comes_out_at_once(wbits: int) -> None:
    """Each event that the sender flushes is there with the piece that brings it."""
    compressor = zlib.compressobj(wbits=wbits)
    codec = gzip_codec() if wbits == 31 else DeflateCodec()
    flushed = [compressor.compress(event) + compressor.flush(zlib.Z_SYNC_FLUSH) for event in EVENTS]

    assert [codec.inflate(piece, MUCH) for piece in flushed] == EVENTS


@pytest.mark.parametrize("size", [1, 3, 4096, MUCH])
def test_gzip_members_follow_each_other(size: int) -> None:
    """A body of several members, empty ones among them, is all of them."""
    raw = b"".join(map(gzip.compress, [EVENTS[0], b"", EVENTS[1] * 10_000, EVENTS[2]]))
    codec = gzip_codec()

    assert inflated(codec, raw, size) == EVENTS[0] + EVENTS[1] * 10_000 + EVENTS[2]
    assert not codec.is_broken


@pytest.mark.parametrize("size", [1, MUCH])
@pytest.mark.parametrize(
    ("rest", "is_broken"),
    [
        pytest.param(bytes(600), False, id="padding"),
        pytest.param(b"garbage", False, id="garbage"),
        pytest.param(b"\x1f", False, id="half a magic number"),
        pytest.param(gzip.compress(b"x")[:-1] + b"\xff", True, id="a broken member"),
    ],
)
def test_what_follows_a_member(size: int, rest: bytes, is_broken: bool) -> None:
    """Padding after a whole member is passed over, as browsers do; a second member that breaks is wrong."""
    codec = gzip_codec()
    decoded = inflated(codec, gzip.compress(EVENTS[0]) + rest + rest, size)

    assert decoded.startswith(EVENTS[0])
    assert codec.is_broken is is_broken


def test_members_are_bounded() -> None:
    """Members that bring nothing end at the bound, so that they cannot keep the app busy."""
    codec = gzip_codec()
    empty = gzip.compress(b"")

    assert codec.inflate(empty * (MAX_MEMBERS - 1), MUCH) == b""
    assert not codec.is_broken
    assert codec.inflate(empty * MAX_MEMBERS + gzip.compress(b"x"), MUCH) == b""
    assert codec.is_broken


@pytest.mark.parametrize("level", range(10))
@pytest.mark.parametrize("window_bits", range(9, 16))
@pytest.mark.parametrize("size", [1, MUCH])
def test_deflate_of_both_kinds_is_told_apart(level: int, window_bits: int, size: int) -> None:
    """A zlib header is recognised at every level and window; without one the stream is read as a bare one."""
    for wbits in (window_bits, -window_bits):
        compressor = zlib.compressobj(level, wbits=wbits)
        raw = compressor.compress(EVENTS[0]) + compressor.flush()
        codec = DeflateCodec()

        assert inflated(codec, raw + b"garbage", size) == EVENTS[0]
        assert not codec.is_broken


def test_no_more_than_asked_for_comes_out() -> None:
    """Each codec stops at the length it was asked for."""
    for codec, raw in (
        (gzip_codec(), gzip.compress(bytes(99))),
        (DeflateCodec(), zlib.compress(bytes(99))),
        (IdentityCodec(), bytes(99)),
    ):
        assert codec.inflate(raw, 7) == bytes(7)
