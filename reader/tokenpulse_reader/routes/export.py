"""The route of `/api/monitoring/export`: every window of every model as a file, streamed."""

from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing
from datetime import UTC, datetime
from typing import Final

from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from tokenpulse_reader.export.export import ExportPart, export_parts
from tokenpulse_reader.export.export_formats import FORMATS, MEDIA_TYPES, ExportFormat
from tokenpulse_reader.export.export_range import GRANULARITIES, ExportRange, ExportRangeError, settle_range
from tokenpulse_reader.http.parameters import Query
from tokenpulse_reader.http.problems import ProblemError, bad_parameter
from tokenpulse_shared.store import MetricsStore

PATH: Final = "/api/monitoring/export"
MOST_AT_ONCE: Final = 2
"""More exports at the same time would keep the reader from its snapshot: each takes most of a core."""


def routes(store: MetricsStore) -> list[Route]:
    """Return the route."""
    return [Route(PATH, _Exports(store).export)]


class _Exports:
    """Answer with files, a few at a time; belongs to one event loop."""

    def __init__(self, store: MetricsStore) -> None:
        self._store = store
        self._running = 0

    async def export(self, request: Request) -> Response:
        query = Query(request.scope)
        kind = query.choice("format", FORMATS, "csv")
        asked = await self._asked(query)
        headers = {
            "Content-Type": MEDIA_TYPES[kind],
            "Content-Disposition": f'attachment; filename="{_file_name(asked, kind)}"',
            "X-Content-Type-Options": "nosniff",
            "Cache-Control": "no-store",
            "X-Tokenpulse-From": asked.begin,
            "X-Tokenpulse-To": asked.end,
        }
        if request.method == "HEAD":
            response = Response(headers=headers)
            del response.headers["content-length"]  # that of a file nobody has made
            return response
        if self._running >= MOST_AT_ONCE:
            raise ProblemError(
                429, "busy", f"{MOST_AT_ONCE} exports are under way; ask again when one is done"
            )
        parts = self._counted(export_parts(self._store, asked, kind))
        first = await anext(parts)  # without Redis this raises while there is a status to say so
        return _FileResponse(first, parts, headers)

    async def _asked(self, query: Query) -> ExportRange:
        granularity = query.choice("granularity", GRANULARITIES, "hour")
        begin, end = query.text("from"), query.text("to")
        try:
            return settle_range(granularity, begin, end, await self._store.now())
        except ExportRangeError as error:
            raise bad_parameter(error.parameter, str(error), error.allowed) from error

    async def _counted(self, parts: AsyncIterator[ExportPart]) -> AsyncGenerator[ExportPart]:
        self._running += 1
        try:
            async for part in parts:
                yield part
        finally:
            self._running -= 1


class _FileResponse(StreamingResponse):
    """Send the parts; whatever ends it, what loads them has ended with it."""

    def __init__(
        self, first: ExportPart, parts: AsyncGenerator[ExportPart], headers: Mapping[str, str]
    ) -> None:
        super().__init__(self._bytes_of(first), headers=headers)
        self._parts = parts

    async def _bytes_of(self, first: ExportPart) -> AsyncIterator[bytes]:
        yield first.data
        async for part in self._parts:
            yield part.data

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async with aclosing(self._parts):
            await super().__call__(scope, receive, send)


def _file_name(asked: ExportRange, kind: ExportFormat) -> str:
    begin, end = (datetime.fromtimestamp(at, UTC) for at in (asked.span.begin, asked.span.end))
    return f"tokenpulse-{asked.span.granularity}-{begin:%Y%m%dT%H%M%SZ}-{end:%Y%m%dT%H%M%SZ}.{kind}"
