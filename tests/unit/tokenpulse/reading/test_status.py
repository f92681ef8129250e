"""Tests of reading what an app starts its response with."""

from http import HTTPStatus
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support.asgi import CHAT, MemorySink, Server, body, http_scope, replay, request, wrapped
from tests.support.clock import FakeClock
from tokenpulse.reading.status import usable_status

ABSURD: list[Any] = [
    0, 99, 1000, -5, 10**30, -(2**70), 2**64, True, False, 3.7, 200.0, float("nan"), float("inf"), None,
    "abc", "20", "2000", "²00", "٢٠٠", b"2x0", "", [], {}, SimpleNamespace(),
]  # fmt: skip


@pytest.mark.parametrize(
    ("told", "status"),
    [(100, 100), (200, 200), (599, 599), (999, 999), (HTTPStatus.OK, 200), ("200", 200), (b"503", 503)],
)
def test_a_status_is_an_int(told: object, status: int) -> None:
    """Enumerations and text become the plain number that JSON can hold."""
    assert usable_status(told) == status
    assert type(usable_status(told)) is int


@pytest.mark.parametrize("told", ABSURD, ids=repr)
def test_what_can_be_no_status_is_none(told: object) -> None:
    """Anything but a number of three digits."""
    assert usable_status(told) is None


@pytest.mark.parametrize("path", [CHAT, "/other"])
@pytest.mark.parametrize("told", ABSURD, ids=repr)
async def test_an_app_that_starts_with_nonsense_is_recorded(told: object, path: str) -> None:
    """The message goes on as it is; what is recorded is a response that no server could send, and no inner error."""
    sink, server = MemorySink(FakeClock()), Server([request(b"{}")])
    start = {"type": "http.response.start", "status": told, "headers": []}
    await wrapped(replay([start, body(b"{}")]), sink)(http_scope(path), server.receive, server.send)

    assert sink.errors == []
    assert server.sent[0] is start
    assert [exchange.status_code for exchange in sink.exchanges] == [None]
    assert [seen.outcome for seen in sink.observations] == (["truncated"] if path == CHAT else [])
    assert [seen.status_code for seen in sink.observations] == ([500] if path == CHAT else [])
