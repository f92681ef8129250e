"""Run a case as a whole request through the middleware."""

from collections.abc import Coroutine, Hashable, Iterable, Iterator
from typing import Any, Final

from tests.fuzz.broken import require
from tests.fuzz.case import Case
from tests.fuzz.reading import start_of
from tests.fuzz.validity import check_observation
from tests.support.asgi import MemorySink, Message, Server, body, http_scope, replay, request, wrapped
from tests.support.clock import FakeClock

ASKED_TYPE: Final = (b"content-type", b"application/json")
PIECE_SECONDS: Final = 0.5


class RaisingSink(MemorySink):
    """Keep what exchanges left; an exception inside tokenpulse is raised as it is."""

    def internal_error(self, where: str, error: BaseException) -> None:
        """Raise it."""
        raise error


def sink_of(case: Case) -> RaisingSink:
    """Return where a case's records go, with its settings."""
    return RaisingSink(FakeClock(), estimate_usage=case.estimate, inject_include_usage=case.injects_usage)


def run_exchange(case: Case, pieces: Iterable[bytes], sink: RaisingSink, server: Server) -> None:
    """Play a case; a piece is asked for when the one before was taken, half a second later."""

    def messages() -> Iterator[Message]:
        yield start_of(case)
        for piece in pieces:
            yield body(piece, more=True)
        yield body(b"")

    def tick(_: Message) -> None:
        assert isinstance(sink.clock, FakeClock)
        sink.clock.advance(PIECE_SECONDS)

    app = wrapped(replay(messages(), before_each=tick), sink)
    scope = http_scope(case.path, headers=[(b"host", b"test"), ASKED_TYPE])
    _finish(app(scope, server.receive, server.send))


def _finish(work: Coroutine[Any, Any, None]) -> None:
    """Run what never waits to its end, without an event loop."""
    try:
        work.send(None)
    except StopIteration:
        return
    work.close()
    require(False, "the middleware waits")


def check_exchange(case: Case) -> Hashable:
    """Send the response through the middleware: the client gets the app's, there is one observation."""
    pieces = case.pieces()
    sink, server = sink_of(case), Server([request(case.asked)])
    run_exchange(case, pieces, sink, server)
    require((len(sink.observations), len(sink.exchanges)) == (1, 1), "not one record of each kind")
    require(not sink.in_progress, "a request stays in progress")
    if not case.injects_usage:
        sent = [message.get("body") for message in server.sent[1:]]
        require(sent == [*pieces, b""], "the client's messages are others")
    observation = sink.observations[0]
    check_observation(observation)
    return (
        observation.dialect,
        observation.outcome,
        observation.usage_source,
        observation.error_type is None,
        observation.itl is None,
        frozenset(sink.faults),
    )
