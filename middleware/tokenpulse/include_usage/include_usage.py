"""Ask for usage in the body of a request for a stream, by adding bytes to it."""

import re
from itertools import islice
from typing import Final

import orjson

from tokenpulse.dialects.facts import JsonObject

_MEMBER: Final = b',"stream_options":{"include_usage":true}'
_OPTION: Final = b'"include_usage":true'
_OPTIONS: Final = re.compile(rb'"stream_options"[ \t\r\n]*:[ \t\r\n]*(null|\{[ \t\r\n]*(\}?))')

MAX_TRIES: Final = 8
"""How many places of the key are tried: its name can also stand in nested objects; a try parses the body."""


def open_request(body: bytes) -> JsonObject | None:
    """Return a request, parsed, if it asks for a stream without a word on `include_usage`; else None."""
    try:
        request = orjson.loads(body)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(request, dict) or request.get("stream") is not True:
        return None
    options = request.get("stream_options")
    return None if isinstance(options, dict) and "include_usage" in options else request


def with_include_usage(body: bytes, request: JsonObject) -> bytes | None:
    """Return the body with `stream_options.include_usage` set; every other byte stays.

    request: what `open_request` returned of the body. None: usage cannot be asked for so that nothing but
    the end of the stream changes, or the place to write it was not found.
    """
    if "stream_options" not in request:
        end = body.rindex(b"}")
        return body[:end] + _MEMBER + body[end:]
    options = request["stream_options"]
    if options is None:
        options = {}
    # vLLM ignores `continuous_usage_stats` until usage is asked for; then it changes every chunk.
    if not isinstance(options, dict) or options.get("continuous_usage_stats"):
        return None
    wanted = {**options, "include_usage": True}
    for match in islice(_OPTIONS.finditer(body), MAX_TRIES):
        written = body[: match.start(1)] + _with_option(match) + body[match.end(1) :]
        if orjson.loads(written).get("stream_options") == wanted:
            return written
    return None


def _with_option(match: re.Match[bytes]) -> bytes:
    """Return what takes the place of `null`, of `{`, or of `{}`."""
    value: bytes = match[1]
    if value == b"null":
        return b"{" + _OPTION + b"}"
    return value[:1] + _OPTION + (b"" if match[2] else b",") + value[1:]
