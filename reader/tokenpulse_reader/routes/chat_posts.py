"""The route that takes measurements from clients that measure themselves."""

from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.bodies import read_json
from tokenpulse_reader.ingest import Ingest
from tokenpulse_reader.measurements import parse_measurements
from tokenpulse_reader.problems import ProblemError
from tokenpulse_reader.responses import json_response

PATH: Final = "/api/metrics/chat"


def routes(ingest: Ingest | None) -> list[Route]:
    """Return the route; without anybody who takes measurements it answers 501."""

    async def chat(request: Request) -> Response:
        if ingest is None:
            message = "this reader takes no measurements: start it with `tokenpulse reader`"
            raise ProblemError(501, "not_taken", message)
        for held in parse_measurements(await read_json(request)):
            ingest.record(
                provider=held.provider,
                model=held.model,
                gateway=held.gateway,
                latency_ms=held.total_time_ms,
                ttft_ms=held.ttft_ms,
                success=held.success,
                error_type=held.error_type,
            )
        return json_response({"success": True})

    return [Route(PATH, chat, methods=["POST"])]
