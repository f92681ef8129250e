"""Read the exchanges of a HAR file, as browsers and proxies save them."""

import base64
import binascii
from typing import Any
from urllib.parse import urlsplit

import orjson

from tokenpulse.explain import Exchange
from tokenpulse_reader.cli.failures import RefusedError
from tokenpulse_reader.cli.replay.kept import Kept, kept_headers

_CODED_HEADERS = (b"content-encoding", b"content-length", b"transfer-encoding")
"""What HAR keeps of the wire although it keeps the body decoded."""


def har_entries(content: bytes) -> list[dict[str, Any]] | None:
    """Return the entries of a HAR file, None if these bytes are none."""
    try:
        parsed = orjson.loads(content)
    except orjson.JSONDecodeError:
        return None
    log = parsed.get("log") if isinstance(parsed, dict) else None
    entries = log.get("entries") if isinstance(log, dict) else None
    if not isinstance(entries, list):
        return None
    return [entry if isinstance(entry, dict) else {} for entry in entries]


def kept_in_har(entry: dict[str, Any]) -> Kept:
    """Return the exchange of an entry; what is missing is empty.

    Raises:
        RefusedError: the body is said to be base64, and is not.
    """
    request, response = _object(entry, "request"), _object(entry, "response")
    method, url, status = request.get("method"), request.get("url"), response.get("status")
    posted = _object(request, "postData").get("text")
    headers = kept_headers(response.get("headers"))
    exchange = Exchange(
        _body(_object(response, "content")),
        urlsplit(url).path if isinstance(url, str) else None,
        method if isinstance(method, str) else "POST",
        kept_headers(request.get("headers")),
        posted.encode() if isinstance(posted, str) else b"",
        status if type(status) is int else 200,
        tuple(pair for pair in headers if pair[0] not in _CODED_HEADERS),
    )
    return Kept("entry of a HAR file", exchange, has_status=type(status) is int)


def _object(parent: dict[str, Any], name: str) -> dict[str, Any]:
    value = parent.get(name)
    return value if isinstance(value, dict) else {}


def _body(content: dict[str, Any]) -> bytes:
    text = content.get("text")
    if not isinstance(text, str):
        return b""
    if content.get("encoding") != "base64":
        return text.encode()
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError) as error:
        raise RefusedError("response.content.text of the HAR entry is no base64") from error
