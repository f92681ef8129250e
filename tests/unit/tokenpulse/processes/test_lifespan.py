"""A lifespan passes through; the recorder starts and stops with it."""

from typing import Any

import pytest

from tests.support.asgi import MemorySink, Server, wrapped
from tests.support.clock import FakeClock

SCOPE = {"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}
STARTUP, SHUTDOWN = {"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}


def memory() -> MemorySink:
    return MemorySink(FakeClock())


@pytest.mark.parametrize("end", ["lifespan.shutdown.complete", "lifespan.shutdown.failed"])
async def test_starts_and_flushes_before_the_message(end: str) -> None:
    """The recorder starts before startup.complete goes out and has flushed before the shutdown's end does."""
    sink = memory()
    server = Server([STARTUP, SHUTDOWN])
    order: list[Any] = sink.lifespan
    server.on_send = lambda message: order.append(message["type"])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        await send({"type": end})

    await wrapped(app, sink)(SCOPE, server.receive, server.send)

    assert order == ["start", "lifespan.startup.complete", "aclose", end]


async def test_unsupported_lifespan_raises_as_before() -> None:
    """An app that knows no lifespan raises; the server must see exactly that."""
    sink, server, error = memory(), Server([STARTUP]), AssertionError("http only")

    async def app(scope: Any, receive: Any, send: Any) -> None:
        raise error

    with pytest.raises(AssertionError) as caught:
        await wrapped(app, sink)(SCOPE, server.receive, server.send)

    assert caught.value is error
    assert (server.sent, sink.lifespan) == ([], [])


async def test_startup_failed_passes() -> None:
    """A failed startup stays failed; nothing is started."""
    sink, server = memory(), Server([STARTUP])
    failed = {"type": "lifespan.startup.failed", "message": "no database"}

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send(failed)

    await wrapped(app, sink)(SCOPE, server.receive, server.send)

    assert server.sent == [failed]
    assert sink.lifespan == []


@pytest.mark.parametrize("raises", [False, True])
async def test_app_that_ends_without_saying_so_is_flushed(raises: bool) -> None:
    """After a shutdown message, returning or raising flushes as well."""
    sink, server = memory(), Server([SHUTDOWN])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        if raises:
            raise OSError

    if raises:
        with pytest.raises(OSError):
            await wrapped(app, sink)(SCOPE, server.receive, server.send)
    else:
        await wrapped(app, sink)(SCOPE, server.receive, server.send)

    assert sink.lifespan == ["aclose"]


async def test_our_own_failed_start_does_not_stop_the_app(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app starts whether the recorder can or not."""
    sink, server = memory(), Server([STARTUP])

    async def fail() -> None:
        raise RuntimeError

    monkeypatch.setattr(sink, "start", fail)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.startup.complete"})

    await wrapped(app, sink)(SCOPE, server.receive, server.send)

    assert [message["type"] for message in server.sent] == ["lifespan.startup.complete"]
    assert [where for where, _ in sink.errors] == ["start"]


async def test_our_own_failed_flush_does_not_change_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A flush that raises is counted; the shutdown's message goes out, and the app's own exception is what is seen."""
    sink, server = memory(), Server([SHUTDOWN])

    async def fail() -> None:
        raise RuntimeError

    monkeypatch.setattr(sink, "aclose", fail)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        await send({"type": "lifespan.shutdown.complete"})
        raise LookupError

    with pytest.raises(LookupError):
        await wrapped(app, sink)(SCOPE, server.receive, server.send)

    assert [message["type"] for message in server.sent] == ["lifespan.shutdown.complete"]
    assert [where for where, _ in sink.errors] == ["aclose"]


async def test_messages_without_type_pass() -> None:
    """A message that no server or app understands fails there, not here."""
    sink, server = memory(), Server([{}])

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send(await receive())

    await wrapped(app, sink)(SCOPE, server.receive, server.send)

    assert server.sent == [{}]
    assert [where for where, _ in sink.errors] == ["lifespan", "lifespan"]
