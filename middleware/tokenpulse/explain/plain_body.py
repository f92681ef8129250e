"""Undo the content encoding of a kept response, so that its events can be told apart."""

from tokenpulse.explain.exchange import Exchange
from tokenpulse.reading.content_decoding import decoder_for

_ENCODING = b"content-encoding"
_LENGTH = b"content-length"


def with_plain_body(exchange: Exchange) -> tuple[Exchange, str | None]:
    """Return the exchange with a body that is not encoded, then what was done about it (None: nothing).

    A tool that keeps the headers may have decoded the body (`curl --compressed`): then only the header goes.
    What the middleware could not decode either stays as it is.
    """
    encoding = exchange.header(_ENCODING)
    name = encoding.decode("latin-1").strip()
    if name.lower() in ("", "identity"):
        return exchange, None
    decoder = decoder_for(encoding)
    if decoder is None:
        return exchange, f"{name}: cannot be decoded here, so there are no events to show"
    plain = decoder.decode(exchange.body)
    if decoder.is_over_budget:
        return exchange, f"{name}: too long to decode, so there are no events to show"
    told = f"{name}, decoded"
    if decoder.is_broken and not plain:
        plain, told = exchange.body, f"{name} by its header, but was kept decoded"
    decoded = exchange.without_headers(_ENCODING, _LENGTH)
    return decoded._replace(body=plain, read_lengths=None), told
