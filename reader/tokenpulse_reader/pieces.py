"""Send a body that is held in pieces, each at a time that the client keeps up with."""

from collections.abc import Mapping, Sequence

from starlette.responses import Response
from starlette.types import Receive, Scope, Send


class _PiecesResponse(Response):
    """Send pieces one after the other, without joining them."""

    def __init__(self, pieces: Sequence[bytes], headers: Mapping[str, str]) -> None:
        super().__init__(headers=headers)
        self._pieces = pieces

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for piece in self._pieces:
            await send({"type": "http.response.body", "body": piece, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def body_response(pieces: Sequence[bytes], size_bytes: int, headers: Mapping[str, str]) -> Response:
    """Return the answer with this body; one piece is sent whole, so that it may be kept as it is."""
    if len(pieces) == 1:
        return Response(pieces[0], headers=dict(headers))
    return _PiecesResponse(pieces, {**headers, "Content-Length": str(size_bytes)})
