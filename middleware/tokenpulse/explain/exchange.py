"""One HTTP exchange, as somebody kept it."""

from typing import NamedTuple

Headers = tuple[tuple[bytes, bytes], ...]
"""(name in lower case, value) pairs, in the order of the message."""


class Exchange(NamedTuple):
    """Hold a request and its response.

    `path`: without query; None: nobody kept it. `status`: 200 where nobody kept it. `body`: what the response
    carried. `read_lengths`: how many bytes each read of it brought, None: nobody kept that. `is_complete`: False
    when its headers promise more bytes than there are.
    """

    body: bytes
    path: str | None = None
    method: str = "POST"
    request_headers: Headers = ()
    request_body: bytes = b""
    status: int = 200
    headers: Headers = ()
    read_lengths: tuple[int, ...] | None = None
    is_complete: bool = True

    def header(self, name: bytes) -> bytes:
        """Return a header of the response, b"" without it; of several, the last."""
        return dict(self.headers).get(name, b"")

    def without_headers(self, *names: bytes) -> "Exchange":
        """Return the exchange without these headers of its response."""
        return self._replace(headers=tuple(pair for pair in self.headers if pair[0] not in names))
