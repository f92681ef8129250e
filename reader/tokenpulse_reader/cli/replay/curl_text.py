"""Read an HTTP response as `curl -i` saves it: status line, headers, body."""

import re
from typing import Final

from tokenpulse.explain import Exchange
from tokenpulse_reader.cli.failures import RefusedError
from tokenpulse_reader.cli.replay.kept import Kept, is_complete

_HEAD: Final = re.compile(
    rb"HTTP/[0-9.]+ (?P<status>[0-9]{3})[^\r\n]*\r?\n(?P<headers>(?:[^\r\n]+\r?\n)*)\r?\n"
)

CURL_START: Final = b"HTTP/"


def kept_by_curl(content: bytes) -> Kept:
    """Return the response; of several heads (100 Continue, a proxy's, a redirect's), the last one's.

    Raises:
        RefusedError: the head breaks off.
    """
    head = _HEAD.match(content)
    if head is None:
        raise RefusedError("the file begins with an HTTP status line, but its headers break off")
    while (following := _HEAD.match(content, head.end())) is not None:
        head = following
    lines = head["headers"].splitlines()
    pairs = (line.partition(b":") for line in lines)
    headers = tuple((name.strip().lower(), value.strip()) for name, _, value in pairs)
    body = content[head.end() :]
    exchange = Exchange(
        body, status=int(head["status"]), headers=headers, is_complete=is_complete(headers, body)
    )
    return Kept("HTTP response with its headers", exchange)
