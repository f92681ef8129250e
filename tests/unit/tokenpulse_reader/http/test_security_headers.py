"""Tests of the headers that every answer carries."""

from tests.support.asgi import Server, body, http_scope, replay, start
from tokenpulse_reader.http.security_headers import SECURITY_HEADERS, SecurityHeaders


async def test_what_is_missing_is_added() -> None:
    """The app's own message stays as it is; the one sent has every header."""
    own = start(200, (b"content-type", b"text/plain"))
    server = Server()
    await SecurityHeaders(replay([own, body(b"x")]))(http_scope(), server.receive, server.send)

    assert dict(server.sent[0]["headers"]) == {
        b"content-type": b"text/plain",
        b"x-content-type-options": b"nosniff",
        b"cache-control": b"no-store",
        b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
        b"cross-origin-resource-policy": b"same-origin",
        b"referrer-policy": b"no-referrer",
        b"x-frame-options": b"DENY",
    }
    assert own["headers"] == [(b"content-type", b"text/plain")]


async def test_what_a_route_sets_stays() -> None:
    """A page brings its own policy; nothing is sent twice."""
    own = start(200, (b"Content-Security-Policy", b"default-src 'self'"), (b"cache-control", b"max-age=9"))
    server = Server()
    await SecurityHeaders(replay([own, body(b"x")]))(http_scope(), server.receive, server.send)
    headers = [(name.lower(), value) for name, value in server.sent[0]["headers"]]

    assert len(headers) == len(dict(headers)) == len(SECURITY_HEADERS)
    assert dict(headers)[b"content-security-policy"] == b"default-src 'self'"
    assert dict(headers)[b"cache-control"] == b"max-age=9"
