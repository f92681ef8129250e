"""A connection that ends under a write, on interpreters where the driver then raises what it does not mean to."""

from collections.abc import Callable
from typing import Any

import pytest
import redis

from tests.support.load import Load, counted, settle
from tokenpulse.recorder import Recorder
from tokenpulse_shared.connections.bounded_socket import BoundedSocket

PROVIDERS = ("groq", "openai")
USES = 6
"""Of a socket, at least, in a flush on a new connection: the greeting's, the batches', the packing's."""


class Leak:
    """Raise once, at the use of a socket that is `due` uses from now, before or after it was done."""

    def __init__(self, error: type[Exception], *, is_done_first: bool) -> None:
        self._error = error
        self._is_done_first = is_done_first
        self.due: int | None = None

    def around(self, use: Callable[..., Any]) -> Callable[..., Any]:
        """Return the use of a socket that may raise."""

        def used(*arguments: Any) -> Any:
            if self.due is not None:
                self.due -= 1
                if self.due < 0:
                    self.due = None
                    if self._is_done_first:
                        use(*arguments)
                    raise self._error("'NoneType' object has no attribute 'sendall'")
            return use(*arguments)

        return used


@pytest.fixture(params=[TypeError, AttributeError])
def error(request: pytest.FixtureRequest) -> type[Exception]:
    """Give what some drivers raise on some interpreters."""
    return request.param  # type: ignore[no-any-return]  # one of the above


@pytest.fixture(params=[False, True], ids=["undone", "done"])
def leak(request: pytest.FixtureRequest, error: type[Exception], monkeypatch: pytest.MonkeyPatch) -> Leak:
    """Give sockets that raise when told."""
    leak = Leak(error, is_done_first=request.param)
    for name in ("sendall", "recv", "recv_into"):
        monkeypatch.setattr(BoundedSocket, name, leak.around(getattr(BoundedSocket, name)))
    return leak


def test_what_the_driver_leaks_costs_no_count(
    redis_url: str, redis_client: redis.Redis, open_recorder: Callable[..., Recorder], leak: Leak
) -> None:
    """At every use of a socket in a flush, its greeting included: tried again on a new connection, counted once."""
    recorder = open_recorder(redis_url, flush_interval=60)
    recorder._started = True  # each flush is this test's own
    load = Load(recorder, PROVIDERS)
    load.record()
    settle(recorder)
    met = 0
    while leak.due is None:
        load.record()
        recorder._client.connection_pool.disconnect()
        leak.due = met
        recorder.flush()
        if leak.due is None:
            met += 1
            load.record()
            settle(recorder)

        assert counted(redis_client) == load.ledger.counters()
    counts = recorder.stats()["counts"]

    assert counts["error:flush"] == met >= USES
    assert counts.keys() & {"gaps", "unrecoverable"} == set()


def test_a_server_that_kills_its_clients_costs_no_count(
    redis_url: str, redis_client: redis.Redis, open_recorder: Callable[..., Recorder]
) -> None:
    """CLIENT KILL between flushes: a connection found closed is made anew, or with the next attempt."""
    recorder = open_recorder(redis_url, flush_interval=60)
    recorder._started = True  # each flush is this test's own
    load = Load(recorder, PROVIDERS)
    for _ in range(20):
        load.record()
        settle(recorder)
        redis_client.execute_command("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")

    assert counted(redis_client) == load.ledger.counters()
    assert recorder.stats()["counts"].keys() & {"gaps", "unrecoverable"} == set()
