"""Bodies decoded by their Content-Encoding, within a budget."""

import gzip
import tracemalloc
import zlib
from collections.abc import Callable
from typing import Final

import brotli
import pytest
import zstandard

from tests.support.framing import pieces_of
from tokenpulse.reading.content_decoding import MAX_DECODED_BYTES, ContentDecoder, decoder_for

BODY: Final = b"".join(
    b'data: {"choices":[{"delta":{"content":"%d"}}]}\n\n' % number for number in range(4000)
)


def raw_deflate(body: bytes) -> bytes:
    """Return a bare deflate stream, as some servers send for `deflate`."""
    compressor = zlib.compressobj(wbits=-15)
    return compressor.compress(body) + compressor.flush()


ENCODERS: Final[list[tuple[bytes, Callable[[bytes], bytes]]]] = [
    (b"gzip", gzip.compress),
    (b"x-gzip", gzip.compress),
    (b"deflate", zlib.compress),
    (b"deflate", raw_deflate),
    (b"br", brotli.compress),
    (b"zstd", zstandard.compress),
    (b"identity", bytes),
]
EVERY_CODING: Final = pytest.mark.parametrize(("coding", "encode"), ENCODERS)
COMPRESSING: Final = pytest.mark.parametrize(("coding", "encode"), ENCODERS[:-1])


def decoder(value: bytes, max_bytes: int = MAX_DECODED_BYTES) -> ContentDecoder:
    found = decoder_for(value, max_bytes)
    assert found is not None
    return found


@EVERY_CODING
@pytest.mark.parametrize("size", [1, 5, 1000, 10**7])
def test_body_comes_out_whole(coding: bytes, encode: Callable[[bytes], bytes], size: int) -> None:
    """Whatever the pieces, the decoded ones together are the body."""
    reading = decoder(coding)
    decoded = b"".join(map(reading.decode, pieces_of(encode(BODY), size)))

    assert decoded == BODY
    assert (reading.is_broken, reading.is_over_budget) == (False, False)


@EVERY_CODING
def test_empty_body_is_empty(coding: bytes, encode: Callable[[bytes], bytes]) -> None:
    """Nothing is made of nothing, whether it is encoded or not sent at all."""
    reading = decoder(coding)

    assert reading.decode(b"") + reading.decode(encode(b"")) + reading.decode(b"") == b""
    assert not reading.is_broken


@pytest.mark.parametrize(
    ("value", "is_known"),
    [
        (b"gzip", True),
        (b" GZip ", True),
        (b"identity, gzip", True),
        (b"gzip,", True),
        (b"identity,identity", True),
        (b"gzip, gzip", False),
        (b"deflate, gzip", False),
        (b"compress", False),
        (b"aws-chunked", False),
        (b"\xff", False),
        (b"", False),
        (b" , ", False),
    ],
)
def test_what_can_be_read(value: bytes, is_known: bool) -> None:
    """One coding that is known, in any case, besides identity; no stack of codings, no value without one."""
    assert (decoder_for(value) is not None) is is_known


@COMPRESSING
@pytest.mark.parametrize("size", [100, 10**7])
def test_bomb_costs_no_more_than_the_budget(
    coding: bytes, encode: Callable[[bytes], bytes], size: int
) -> None:
    """Of 20 MB in a few kilobytes, the budget comes out, then nothing more; memory is that of the budget."""
    bomb = encode(bytes(20_000_000))
    reading = decoder(coding)
    tracemalloc.start()
    length_bytes = sum(len(reading.decode(piece)) for piece in pieces_of(bomb, size))
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert length_bytes == MAX_DECODED_BYTES
    assert (reading.is_broken, reading.is_over_budget) == (True, True)
    assert peak_bytes < 2.5 * MAX_DECODED_BYTES  # the parts, then the whole that is made of them


@EVERY_CODING
@pytest.mark.parametrize("size", [1, 10**7])
@pytest.mark.parametrize("missing_bytes", [0, 1])
def test_budget_is_exact(
    coding: bytes, encode: Callable[[bytes], bytes], size: int, missing_bytes: int
) -> None:
    """A body as long as the budget fits; one byte less, and it is cut there and told to be too long."""
    reading = decoder(coding, len(BODY) - missing_bytes)
    decoded = b"".join(map(reading.decode, pieces_of(encode(BODY), size)))

    assert decoded == BODY[: len(BODY) - missing_bytes]
    assert (reading.is_broken, reading.is_over_budget) == (bool(missing_bytes), bool(missing_bytes))


@COMPRESSING
@pytest.mark.parametrize("size", [1, 10**7])
def test_wrong_data_breaks_the_decoder(coding: bytes, encode: Callable[[bytes], bytes], size: int) -> None:
    """What is no such body never raises; the decoder is broken, not over its budget, and stays so."""
    reading = decoder(coding)
    decoded = b"".join(map(reading.decode, pieces_of(b"\xff" * 50, size)))

    assert decoded == b""
    assert (reading.is_broken, reading.is_over_budget) == (True, False)
    assert reading.decode(encode(BODY)) == b""


@COMPRESSING
def test_body_cut_short_is_not_broken(coding: bytes, encode: Callable[[bytes], bytes]) -> None:
    """A body whose end is missing is read as far as it goes."""
    reading = decoder(coding)
    decoded = reading.decode(encode(BODY)[:-20])

    assert BODY.startswith(decoded)
    assert not reading.is_broken
