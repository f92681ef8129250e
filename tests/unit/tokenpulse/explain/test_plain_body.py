"""Kept bodies, decoded."""

import gzip
import zlib

import pytest

from tests.support.kept_answers import OPENAI
from tokenpulse.explain.exchange import Exchange
from tokenpulse.explain.plain_body import with_plain_body
from tokenpulse.reading.content_decoding import MAX_DECODED_BYTES


def encoded(body: bytes, coding: bytes) -> Exchange:
    """Return an exchange whose headers name a coding."""
    headers = ((b"content-encoding", coding), (b"content-length", b"9"), (b"x-kept", b"1"))
    return Exchange(body, headers=headers, read_lengths=(len(body),))


def test_plain_bodies_stay() -> None:
    """Without a coding, or with `identity`, nothing is done."""
    for exchange in (Exchange(OPENAI), encoded(OPENAI, b" Identity")):
        assert with_plain_body(exchange) == (exchange, None)


def test_encoded_bodies_are_decoded() -> None:
    """The body comes out decoded, without what the headers and the reads said of the encoded one."""
    for coding, body in ((b"gzip", gzip.compress(OPENAI)), (b"deflate", zlib.compress(OPENAI))):
        exchange, told = with_plain_body(encoded(body, coding))

        assert (exchange.body, exchange.headers, exchange.read_lengths) == (
            OPENAI,
            ((b"x-kept", b"1"),),
            None,
        )
        assert told == f"{coding.decode()}, decoded"


def test_bodies_kept_decoded_lose_the_header() -> None:
    """`curl --compressed -i` writes the header of the wire over the decoded body."""
    exchange, told = with_plain_body(encoded(OPENAI, b"gzip"))

    assert (exchange.body, exchange.headers) == (OPENAI, ((b"x-kept", b"1"),))
    assert told == "gzip by its header, but was kept decoded"


def test_cut_encodings_give_what_came() -> None:
    """Of an encoded body that breaks off, its beginning comes out."""
    exchange, told = with_plain_body(encoded(gzip.compress(OPENAI)[:-20], b"gzip"))

    assert OPENAI.startswith(exchange.body)
    assert len(exchange.body) > 100
    assert told == "gzip, decoded"


@pytest.mark.parametrize(
    ("body", "coding", "told"),
    [
        (b"??", b"rot13", "rot13: cannot be decoded here, so there are no events to show"),
        (
            gzip.compress(bytes(MAX_DECODED_BYTES + 1)),
            b"gzip",
            "gzip: too long to decode, so there are no events to show",
        ),
    ],
)
def test_what_the_middleware_cannot_decode_stays(body: bytes, coding: bytes, told: str) -> None:
    """A coding nobody knows, or a body beyond the budget: the middleware sees times alone, so does the replay."""
    exchange = encoded(body, coding)

    assert with_plain_body(exchange) == (exchange, told)
