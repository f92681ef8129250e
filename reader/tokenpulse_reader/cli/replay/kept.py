"""What a file holds: an exchange, and how it was kept."""

from typing import NamedTuple

from tokenpulse.explain import Exchange, Headers


class Kept(NamedTuple):
    """Hold one exchange of a file; `kind`: how the file keeps it, in words; `has_status`: whether it keeps that."""

    kind: str
    exchange: Exchange
    has_status: bool = True


def kept_headers(pairs: object) -> Headers:
    """Return headers that JSON holds: an object, or a list of pairs or of HAR's {name, value}.

    What is no text is left out.
    """
    if isinstance(pairs, dict):
        named = list(pairs.items())
    elif isinstance(pairs, list):
        named = [_pair(entry) for entry in pairs]
    else:
        named = []
    return tuple(
        (name.lower().encode(), value.encode())
        for name, value in named
        if isinstance(name, str) and isinstance(value, str)
    )


def _pair(entry: object) -> tuple[object, object]:
    if isinstance(entry, dict):
        return entry.get("name"), entry.get("value")
    if isinstance(entry, list) and len(entry) == 2:
        return entry[0], entry[1]
    return None, None


def is_complete(headers: Headers, body: bytes) -> bool:
    """Return False when the headers promise more bytes than there are."""
    told = dict(headers).get(b"content-length", b"")
    return not told.isdigit() or b"content-encoding" in dict(headers) or len(body) >= int(told)
