"""Tests of routes whose paths hold names."""

import pytest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Match

from tokenpulse_reader.http.name_route import NameRoute


async def _answer(_: Request) -> Response:
    return Response()


def _match(path: str, method: str = "POST") -> Match:
    route = NameRoute("/b/{provider}/{model:path}/open", _answer, methods=["POST"])
    return route.matches({"type": "http", "path": path, "method": method})[0]


@pytest.mark.parametrize(
    "path", ["/b/p/m/open", "/b///open", "/b/a/b/c/open", "/b/\n/\r\n/open", "/b/p//open"]
)
def test_names_hold_slashes_and_line_breaks(path: str) -> None:
    """Decoded, a name may begin with a slash, or be one."""
    assert _match(path) is Match.FULL


def test_what_is_no_such_path_does_not_match() -> None:
    """Another end, a part too few, another beginning; another method matches in part."""
    assert {_match(path) for path in ("/b/p/m/shut", "/b/p/open", "/c/p/m/open", "/b/open")} == {Match.NONE}
    assert _match("/b/p/m/open", "GET") is Match.PARTIAL
