"""The middleware turning requests away, with a real Recorder and a real Redis."""

from collections.abc import Callable
from typing import Any

import orjson
import pytest
import redis

from tests.support.answers import chat_answer, chat_request
from tests.support.asgi import CHAT, JSON_TYPE, Message, Server, body, http_scope, request, start
from tests.support.clock import FakeClock
from tests.support.usage_streams import read_body
from tokenpulse.annotations import SCOPE_KEY
from tokenpulse.middleware import TokenPulseMiddleware
from tokenpulse.recorder import Recorder
from tokenpulse.requests.enforcement import MAX_ROUTE_SERIES, MAX_ROUTES, Enforcement
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.store import MetricsStore

NOW = 1_715_769_020.0
KEYS = Keyspace()
QUESTION = chat_request(model="acme/m")

MakeRecorder = Callable[..., Recorder]


class _Service:
    """Run an app inside an enforcing middleware; it answers 200, 500 while `is_broken`."""

    def __init__(self, recorder: Recorder, **given: Any) -> None:
        self.recorder = recorder
        self.is_broken = False
        self.bodies: list[bytes] = []
        self.observed: list[str] = []
        self.app = TokenPulseMiddleware(
            self._answer,
            recorder=recorder,
            on_observation=lambda observation: self.observed.append(observation.model),
            breaker_mode="enforce",
            **given,
        )

    async def _answer(self, scope: Any, receive: Any, send: Any) -> None:
        self.bodies.append(await read_body(receive))
        await send(start(500 if self.is_broken else 200, JSON_TYPE))
        await send(body(b"{}" if self.is_broken else chat_answer()))

    async def ask(
        self, model: str = "acme/m", *, path: str = CHAT, incoming: list[Message] | None = None
    ) -> Server:
        server = Server([request(chat_request(model=model))] if incoming is None else incoming)
        await self.app(http_scope(path), server.receive, server.send)
        return server

    async def status(self, model: str = "acme/m", path: str = CHAT) -> int:
        """Return the answer's status; flush before, so that what is known is up to date."""
        assert self.recorder.flush()
        status: int = (await self.ask(model, path=path)).sent[0]["status"]
        return status

    async def break_models(self, *models: str) -> None:
        """Have the breakers of known models open; their provider is watched from then on."""
        for model in models:
            await self.ask(model)
        self.recorder.flush()
        self.is_broken = True
        for model in models:
            for _ in range(9):
                await self.ask(model)
        self.recorder.flush()
        self.is_broken = False


@pytest.fixture
def service(make_recorder: MakeRecorder) -> _Service:
    return _Service(make_recorder(clock=FakeClock(NOW), raise_internal_errors=True))


async def test_a_request_for_an_open_model_is_turned_away(service: _Service, redis_url: str) -> None:
    """503 with Retry-After as problem JSON; the app is not called; it counts as HTTP and as rejected, no more."""
    await service.break_models("acme/m")
    called, observed = len(service.bodies), len(service.observed)
    service.recorder.clock.advance(9.5)  # type: ignore[attr-defined]  # a FakeClock
    server = await service.ask()
    head, (content,) = server.sent[0], [orjson.loads(server.body)]

    assert head["status"] == 503
    assert dict(head["headers"])[b"retry-after"] == b"51"
    assert dict(head["headers"])[b"content-type"] == b"application/problem+json"
    assert dict(head["headers"])[b"content-length"] == str(len(server.body)).encode()
    assert content == {
        "type": "about:blank", "title": "Service Unavailable", "status": 503, "code": "circuit_open",
        "detail": "this model's provider fails at present; calls to it are held back for a while",
        "retry_after_seconds": 51,
    }  # fmt: skip
    assert (len(service.bodies), len(service.observed)) == (called, observed)
    service.recorder.flush()
    async with MetricsStore(redis_url, clock=FakeClock(NOW)) as store:
        counters, totals = await store.circuit_counters(), await store.totals()
    assert counters["acme"].rejected == 1
    assert counters["acme"].let_through_while_open == 0
    assert counters["acme"].failures == {"CLOSED": 9}
    (app,) = totals.apps
    assert sum(app.requests.values()) == 11


async def test_other_models_and_paths_are_not_touched(service: _Service) -> None:
    """A model at rest, a path that is no inference, a body without a model reach the app as they came."""
    await service.break_models("acme/m")

    assert await service.status("other/m") == 200
    assert await service.status("acme/n") == 200
    assert await service.status(path="/plain") == 200
    without = await service.ask(incoming=[request(b"{}")])
    assert (without.sent[0]["status"], service.bodies[-1]) == (200, b"{}")
    assert await service.status() == 503


async def test_the_app_is_given_what_was_read_ahead(service: _Service) -> None:
    """In the server's own messages, in their order; of a long body only the beginning is read ahead."""
    pieces = [b'{"model":"acme/m","messages":"', b"x" * 200_000, b"x" * 200_000, b"x" * 10, b'"}']
    received: list[Message] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        received.append(server.received)
        received.extend([await receive() for _ in pieces])
        await send(start(200, JSON_TYPE))
        await send(body(chat_answer()))

    incoming = [{"type": "http.request", "body": piece, "more_body": piece != pieces[-1]} for piece in pieces]
    server = Server(incoming)
    middleware = TokenPulseMiddleware(app, recorder=service.recorder, breaker_mode="enforce")
    await middleware(http_scope(), server.receive, server.send)

    assert received == [3, *incoming]


async def test_a_long_body_is_turned_away_by_its_beginning(service: _Service) -> None:
    """The model stands where clients write it, so the rest need not be read."""
    await service.break_models("acme/m")
    opening = {
        "type": "http.request",
        "body": b'{"model":"acme/m","messages":"' + b"x" * 300_000,
        "more_body": True,
    }
    server = await service.ask(incoming=[opening, request(b'"}')])

    assert (server.sent[0]["status"], server.received) == (503, 1)


async def test_a_disconnect_while_the_body_is_read_reaches_the_app(service: _Service) -> None:
    """The app hears of it where it would have."""
    got: list[Message] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        got.extend([await receive(), await receive()])

    middleware = TokenPulseMiddleware(app, recorder=service.recorder, breaker_mode="enforce")
    server = Server([{"type": "http.request", "body": QUESTION, "more_body": True}])
    await middleware(http_scope(), server.receive, server.send)

    assert [message["type"] for message in got] == ["http.request", "http.disconnect"]


async def test_a_path_that_names_the_model_needs_no_body(service: _Service) -> None:
    """Nothing is read ahead; the breaker of the path's model decides."""
    path = "/v1beta/models/gemini-x:generateContent"
    service.recorder.record(provider="google", model="gemini-x", latency_ms=1.0)
    service.recorder.flush()
    service.is_broken = True
    for _ in range(5):
        await service.ask(path=path, incoming=[request(b"{}")])
    service.recorder.flush()
    service.recorder.flush()
    server = await service.ask(path=path, incoming=[request(b"{}")])

    assert service.observed == ["gemini-x"] * 5
    assert (server.sent[0]["status"], server.received) == (503, 0)


async def test_all_breakers_of_a_route_open_let_everything_through(service: _Service, redis_url: str) -> None:
    """With two models known there and both open it is likelier us; nobody is counted as rejected."""
    await service.break_models("acme/m", "acme/n")
    assert await service.status("acme/m") == 200
    assert await service.status("acme/n") == 200

    await service.status("acme/fresh")
    service.recorder.flush()

    assert await service.status("acme/fresh") == 200
    assert await service.status("acme/m") == 503
    service.recorder.flush()
    async with MetricsStore(redis_url, clock=FakeClock(NOW)) as store:
        assert (await store.circuit_counters())["acme"].rejected == 1


async def test_recovery_goes_by_probes(service: _Service, redis_url: str) -> None:
    """After its time one request a flush is let through; two successes close it; each move is counted once."""
    await service.break_models("acme/m")
    service.recorder.clock.advance(61.0)  # type: ignore[attr-defined]  # a FakeClock
    statuses = [await service.status() for _ in range(6)]

    assert statuses == [503, 200, 200, 200, 200, 200]
    service.recorder.flush()
    async with MetricsStore(redis_url, clock=FakeClock(NOW + 61.0)) as store:
        counters = (await store.circuit_counters())["acme"]
        (status,) = await store.circuits()
    assert status.state == "CLOSED"
    assert counters.moves == {
        ("CLOSED", "OPEN"): 1, ("OPEN", "HALF_OPEN"): 1, ("HALF_OPEN", "CLOSED"): 1,
    }  # fmt: skip


async def test_a_probe_is_over_when_its_response_is(service: _Service, redis_client: redis.Redis) -> None:
    """Its lease is given back at the next flush, though the breaker is still half open."""
    await service.break_models("acme/m")
    service.recorder.clock.advance(61.0)  # type: ignore[attr-defined]  # a FakeClock
    await service.status()
    service.recorder.flush()
    key = KEYS.circuit("acme", "acme/m")
    leased = [name for name in redis_client.hkeys(key) if name.startswith(b"probe:")]
    await service.ask()
    service.recorder.flush()
    held = [name for name in redis_client.hkeys(key) if name.startswith(b"probe:")]

    assert len(leased) == 1
    assert not set(leased) & set(held)


async def test_nothing_else_than_enforcing_reads_ahead(make_recorder: MakeRecorder) -> None:
    """In the other modes the app is called as it is."""
    service = _Service(make_recorder(clock=FakeClock(NOW)))
    plain = TokenPulseMiddleware(service._answer, recorder=service.recorder)

    assert isinstance(service.app.app, Enforcement)
    assert plain.app == service._answer


async def test_an_outer_middleware_decides_alone(service: _Service) -> None:
    """Of two, one inside the other, the inner one neither measures nor enforces."""
    inner = _Service(service.recorder.__class__(settings=service.recorder.settings, clock=FakeClock(NOW)))
    inner.recorder._started = True
    outer = TokenPulseMiddleware(inner.app, recorder=service.recorder, breaker_mode="enforce")
    server = Server([request(QUESTION)])
    scope = http_scope()
    await outer(scope, server.receive, server.send)
    inner.recorder._client.close()

    assert server.sent[0]["status"] == 200
    assert SCOPE_KEY not in scope
    assert inner.observed == []


async def test_a_fault_of_ours_lets_the_request_through(
    make_recorder: MakeRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted; the app gets the body that was read."""
    service = _Service(make_recorder(clock=FakeClock(NOW)))

    def fail(*_: object) -> None:
        raise RuntimeError("ours")

    monkeypatch.setattr(service.recorder.breaker, "enforced", fail)
    server = await service.ask()

    assert (server.sent[0]["status"], service.bodies) == (200, [QUESTION])
    assert service.recorder.stats()["counts"]["error:enforce_breaker"] == 1


async def test_what_is_remembered_of_routes_is_bounded(service: _Service) -> None:
    """So many models a route, the oldest go; so many routes, then all are forgotten."""
    enforcement = service.app.app
    assert isinstance(enforcement, Enforcement)
    for number in range(MAX_ROUTE_SERIES + 1):
        service.recorder.record(provider="p", model=f"m{number}", latency_ms=1.0)
    service.recorder.flush()
    for number in range(MAX_ROUTE_SERIES + 1):
        route = enforcement._route("/a", ("p", f"m{number}"))
    assert enforcement._route("/a", ("p", "made up")) == route
    assert len(route) == MAX_ROUTE_SERIES
    assert ("p", "m0") not in route

    for number in range(MAX_ROUTES):
        enforcement._route(f"/r{number}", ("p", "m1"))

    assert len(enforcement._routes) == 1
