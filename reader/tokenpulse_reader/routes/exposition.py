"""Serve the exposition to scrapers."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from tokenpulse_reader.exposition.exposition import Exposition
from tokenpulse_reader.exposition.holder import ExpositionHolder
from tokenpulse_reader.exposition.metric import CATEGORIES, Category
from tokenpulse_reader.exposition.negotiate import CONTENT_TYPES, accepts_gzip, choose_format
from tokenpulse_reader.exposition.profiles import PROFILES, Profile
from tokenpulse_reader.exposition.scrape import Scrape, families_named
from tokenpulse_reader.http.problems import bad_parameter
from tokenpulse_reader.pieces import body_response
from tokenpulse_reader.snapshots.snapshots import Snapshots
from tokenpulse_shared.errors import StoreUnavailableError

PREFIX: Final = "/prometheus/metrics"

Current = Callable[[], Awaitable[Exposition]]
Endpoint = Callable[[Request], Awaitable[Response]]


def routes(snapshots: Snapshots, holder: ExpositionHolder, profile: Profile = "tokenpulse") -> list[Route]:
    """Return the routes; without any snapshot they answer as every other endpoint does (503).

    `profile`: under whose names metrics are served where a scraper names no profile.
    """

    async def current() -> Exposition:
        await snapshots.current()
        if holder.current is None:
            raise StoreUnavailableError("no numbers were loaded yet")
        return holder.current

    def endpoint(category: Category | None) -> Endpoint:
        return _endpoint(current, holder, Scrape(category=category, profile=profile))

    return [
        Route("/metrics", endpoint(None), methods=["GET"]),
        Route(f"{PREFIX}/all", endpoint(None), methods=["GET"]),
        *(Route(f"{PREFIX}/{category}", endpoint(category), methods=["GET"]) for category in CATEGORIES),
    ]


def asked(request: Request, usual: Scrape) -> Scrape:
    """Return what a request asks for; where it says nothing, the usual.

    Raises:
        ProblemError: 400, it asks for a profile that does not exist, or for more than one.
    """
    query = request.query_params
    names = query.getlist("name[]")
    return usual._replace(
        format=choose_format(request.headers.getlist("accept")),
        is_compressed=accepts_gzip(request.headers.getlist("accept-encoding")),
        families=families_named(names) if names else None,
        profile=_profile(query, usual.profile),
    )


def _profile(query: QueryParams, usual: Profile) -> Profile:
    given = query.getlist("profile")
    if not given:
        return usual
    for profile in PROFILES:
        if given == [profile]:
            return profile
    raise bad_parameter("profile", f"`profile` must be one of {', '.join(PROFILES)}", list(PROFILES))


def _endpoint(current: Current, holder: ExpositionHolder, usual: Scrape) -> Endpoint:
    async def scrape_endpoint(request: Request) -> Response:
        exposition = await current()
        scrape = asked(request, usual)
        holder.note(scrape)
        answer = exposition.kept(scrape)
        if answer is None:
            answer = await asyncio.to_thread(exposition.answer, scrape)
        headers = {"Content-Type": CONTENT_TYPES[scrape.format], "Vary": "Accept, Accept-Encoding"}
        if scrape.is_compressed:
            headers["Content-Encoding"] = "gzip"
        return body_response(answer.pieces, answer.size_bytes, headers)

    return scrape_endpoint
