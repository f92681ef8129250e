"""The tables of operations hold every route of the app."""

import re

from starlette.routing import Route

from tokenpulse_reader.app import create_app
from tokenpulse_reader.openapi.table import OPERATIONS
from tokenpulse_shared.settings import Settings


def test_every_route_is_described_and_nothing_else() -> None:
    """By path and method; HEAD comes with GET."""
    app = create_app(Settings.load({}, redis_url="memory://openapi"))
    routed = {
        (re.sub(r":\w+}", "}", route.path), method.lower())
        for route in app.routes
        if isinstance(route, Route)
        for method in route.methods or ()
        if method != "HEAD"
    }

    assert all(isinstance(route, Route) for route in app.routes)
    assert {(held.path, held.method) for held in OPERATIONS} == routed
