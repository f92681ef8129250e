"""Tests of looking host names up in bounded time."""

import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.stopwatch import unhindered_seconds
from tokenpulse_shared.connections.host_lookup import HostLookup


@pytest.fixture
def slow_resolver(monkeypatch: pytest.MonkeyPatch) -> Iterator[threading.Event]:
    """Have every lookup wait until the event is set; count them in `asked`."""
    may_answer = threading.Event()
    look_up = socket.getaddrinfo

    def wait(host: str, port: int, **rest: Any) -> Any:
        may_answer.wait(10)
        return look_up("127.0.0.1", port, **rest)

    monkeypatch.setattr(socket, "getaddrinfo", wait)
    yield may_answer
    may_answer.set()


def _places(found: list[Any]) -> list[Any]:
    return [place for _, _, _, _, place in found]


@pytest.mark.parametrize(("host", "place"), [("127.0.0.1", ("127.0.0.1", 7)), ("::1", ("::1", 7, 0, 0))])
def test_addresses_need_no_lookup(host: str, place: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """No thread is started for them."""
    monkeypatch.setattr(threading.Thread, "start", None)

    assert _places(HostLookup().addresses(host, 7, 1.0)) == [place]


def test_names_are_looked_up() -> None:
    """A name that the machine knows has an address; one that nobody knows is an error of the resolver."""
    lookup = HostLookup()

    assert ("127.0.0.1", 7) in _places(lookup.addresses("localhost", 7, 5.0))
    with pytest.raises(socket.gaierror):
        lookup.addresses("no such host", 7, 5.0)


def test_a_resolver_that_hangs_is_left_behind(slow_resolver: threading.Event) -> None:
    """The caller gets its time back; who asks again gets the answer of the lookup that still ran."""
    lookup = HostLookup()
    before = threading.active_count()
    began = unhindered_seconds()
    for _ in range(3):
        with pytest.raises(TimeoutError, match="was not looked up in time"):
            lookup.addresses("redis.example", 7, 0.05)

    assert unhindered_seconds() - began < 5.0
    assert threading.active_count() == before + 1

    slow_resolver.set()

    assert _places(lookup.addresses("redis.example", 7, 5.0)) == [("127.0.0.1", 7)]


def test_without_threads_the_caller_looks_up_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """At the interpreter's end no thread starts any more."""

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't create new thread at interpreter shutdown")

    monkeypatch.setattr(threading.Thread, "start", refuse)

    assert ("127.0.0.1", 7) in _places(HostLookup().addresses("localhost", 7, 1.0))
