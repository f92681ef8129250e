"""Read an exchange recorded as JSON.

Shape: {"request": {"method", "path", "headers", "body"}, "response": {"status", "headers", "body_text" or
"body_b64", "chunk_lens"}}. Only the body of the response is needed; `request.body` is text or JSON; further keys
are ignored.
"""

import base64
import binascii
from typing import Any
from urllib.parse import urlsplit

import orjson

from tokenpulse.explain import Exchange
from tokenpulse_reader.cli.failures import RefusedError
from tokenpulse_reader.cli.replay.kept import Kept, is_complete, kept_headers


def recorded_in(line: bytes) -> dict[str, Any] | None:
    """Return a recorded exchange as JSON, None if these bytes are none."""
    try:
        parsed = orjson.loads(line)
    except orjson.JSONDecodeError:
        return None
    response = parsed.get("response") if isinstance(parsed, dict) else None
    is_recorded = isinstance(response, dict) and ("body_text" in response or "body_b64" in response)
    return parsed if is_recorded else None


def kept_recorded(recorded: dict[str, Any]) -> Kept:
    """Return the exchange.

    Raises:
        RefusedError: `body_b64` is no base64, or `body_text` no text.
    """
    request, response = recorded.get("request"), recorded["response"]
    request = request if isinstance(request, dict) else {}
    body, headers = _body(response), kept_headers(response.get("headers"))
    if "body_b64" not in response:
        headers = tuple(pair for pair in headers if pair[0] not in (b"content-encoding", b"content-length"))
    method, path, status = request.get("method"), request.get("path"), response.get("status")
    exchange = Exchange(
        body,
        urlsplit(path).path or None if isinstance(path, str) else None,
        method.upper() if isinstance(method, str) else "POST",
        kept_headers(request.get("headers")),
        _request_body(request.get("body")),
        status if type(status) is int else 200,
        headers,
        _read_lengths(response.get("chunk_lens"), len(body)),
        is_complete(headers, body),
    )
    return Kept("recorded exchange", exchange, has_status=type(status) is int)


def _body(response: dict[str, Any]) -> bytes:
    encoded, text = response.get("body_b64"), response.get("body_text")
    if encoded is not None:
        try:
            return base64.b64decode(encoded, validate=True)
        except (binascii.Error, TypeError, ValueError) as error:
            raise RefusedError("response.body_b64 of the recorded exchange is no base64") from error
    if text is not None and not isinstance(text, str):
        raise RefusedError("response.body_text of the recorded exchange is no text")
    return (text or "").encode()


def _request_body(body: object) -> bytes:
    if body is None:
        return b""
    return body.encode() if isinstance(body, str) else orjson.dumps(body)


def _read_lengths(lengths: object, length: int) -> tuple[int, ...] | None:
    """Return how many bytes each read brought, None where it is not said or does not add up to the body."""
    if not isinstance(lengths, list) or not all(type(each) is int and each >= 0 for each in lengths):
        return None
    return tuple(lengths) if sum(lengths) == length else None
