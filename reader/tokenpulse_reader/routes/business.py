"""Routes of `/api/monitoring` on what an operator's own services tell: trials, gauges."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final, cast

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.http.bodies import Fields, read_json
from tokenpulse_reader.http.parameters import Query
from tokenpulse_reader.http.problems import RETRY_SECONDS, ProblemError
from tokenpulse_reader.http.responses import json_response, object_response
from tokenpulse_reader.posts.posted_gauges import gauges_json, parse_gauges
from tokenpulse_reader.reports.trial_analytics import trial_analytics_json
from tokenpulse_reader.snapshots.loads import Loads
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.names import printable
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.trial_records import MAX_PLAN_CHARACTERS, TRIAL_EVENTS, TrialEvent

_PREFIX: Final = "/api/monitoring"
MAX_USER_ID_CHARACTERS: Final = 1000


def routes(store: MetricsStore, loads: Loads) -> list[Route]:
    """Return the routes."""
    business = _Business(store, loads)
    return [
        Route(f"{_PREFIX}/events/trial", business.trial_event, methods=["POST"]),
        Route(f"{_PREFIX}/gauges", business.post_gauges, methods=["POST"]),
        Route(f"{_PREFIX}/gauges", business.gauges),
        Route(f"{_PREFIX}/trial-analytics", business.trial_analytics),
    ]


@asynccontextmanager
async def _writing() -> AsyncIterator[None]:
    """Say of a write that Redis did not confirm that it may not be done; to post it again does no harm."""
    try:
        yield
    except StoreUnavailableError as error:  # its text is in tokenpulse's own words: see `store_errors`
        message = f"nothing is known to be written: {error}"
        raise ProblemError(503, "not_written", message, retry_after_seconds=RETRY_SECONDS) from error


class _Business:
    """Keep in Redis what is posted, answer from it."""

    def __init__(self, store: MetricsStore, loads: Loads) -> None:
        self._store = store
        self._loads = loads

    async def trial_event(self, request: Request) -> Response:
        fields = Fields(await read_json(request))
        user_id = fields.identifier("user_id", MAX_USER_ID_CHARACTERS)
        event = cast("TrialEvent", fields.required_choice("event", TRIAL_EVENTS))
        plan = fields.text("plan", MAX_PLAN_CHARACTERS)
        async with _writing():
            is_new = await self._store.record_trial_event(
                user_id, event, None if plan is None else printable(plan)
            )
        return json_response({"success": True, "counted": is_new})

    async def post_gauges(self, request: Request) -> Response:
        values = parse_gauges(await read_json(request))
        async with _writing():
            await self._store.post_gauges(values)
        return json_response({"success": True})

    async def gauges(self, _: Request) -> Response:
        served = await self._loads.get("gauges", self._store.gauges)
        return object_response(served, {"gauges": gauges_json(served.value)})

    async def trial_analytics(self, request: Request) -> Response:
        days = Query(request.scope).whole_number("days", 30, 1, 90)

        async def load() -> dict[str, Any]:
            return trial_analytics_json(await self._store.trials(days), days, await self._store.now())

        served = await self._loads.get(("trials", days), load)
        return object_response(served, served.value)
