"""Ask the upstream for vendors' clients twice, bare and wrapped, and hold what both said beside what was seen."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any, Final, Generic, NamedTuple, TypeVar

from tests.support.servers import Server, running_server, unique_name

Answer = TypeVar("Answer")
Ask = Callable[[str, str], Answer]
"""Asks a server for a model's answer; takes the server's URL, the model's name."""

_SERVER: Final = "uvicorn-httptools"


class Tokens(NamedTuple):
    """Count a request's tokens as an Observation does; None: not known."""

    input: int | None = None
    output: int | None = None
    cached: int | None = None
    cache_write: int | None = None
    reasoning: int | None = None


class Ending(NamedTuple):
    """Tell how a request ended."""

    outcome: str
    finish_reason: str | None = None
    response_model: str | None = None
    error_type: str | None = None
    status_code: int = 200


class Kind(NamedTuple):
    """Tell what a request was, and where its token counts came from.

    `first_content`: what a stream brought first, `reasoning` or `visible`; None: nothing, or no stream.
    """

    dialect: str
    operation: str
    streaming: bool
    first_content: str | None
    usage_source: str = "reported"


class Raised(NamedTuple):
    """Hold an exception of a client's: its class, its text."""

    type: type[Exception]
    text: str


@dataclass(frozen=True, slots=True)
class Exchange(Generic[Answer]):
    """Hold what a client got of each server, and the wrapped server's observation."""

    bare: Answer
    wrapped: Answer
    seen: dict[str, Any]

    @property
    def tokens(self) -> Tokens:
        """Return the tokens that were observed."""
        return Tokens(*(self.seen[f"tokens_{kind}"] for kind in Tokens._fields))

    @property
    def ending(self) -> Ending:
        """Return how the request was seen to end."""
        return Ending(*(self.seen[name] for name in Ending._fields))

    @property
    def kind(self) -> Kind:
        """Return what the request was seen to be."""
        seen, first = self.seen, None
        if seen["ttft_seconds"] is not None:
            first = "visible" if seen["ttft_seconds"] == seen["first_visible_seconds"] else "reasoning"
        return Kind(seen["dialect"], seen["operation"], seen["streaming"], first, seen["usage_source"])


@dataclass(frozen=True, slots=True)
class Upstreams:
    """Hold the running servers of one upstream."""

    bare: Server
    wrapped: Server
    injecting: Server
    """Wrapped as well, and asking for the usage of streams."""

    def exchange(self, scenario: str, ask: Ask[Answer], by: Server | None = None) -> Exchange[Answer]:
        """Ask both servers for a scenario; the wrapped one, `by` or `wrapped`, leaves one observation."""
        model, observer = unique_name(scenario), by or self.wrapped
        bare, wrapped = (ask(_url(server), model) for server in (self.bare, observer))
        return Exchange(bare, wrapped, observer.observation(model))

    def failure(self, scenario: str, ask: Ask[object]) -> Exchange[Raised]:
        """Ask both servers for a scenario that the client raises on."""

        def raised(url: str, model: str) -> Raised:
            try:
                answer = ask(url, model)
            except Exception as error:  # noqa: BLE001 - each client has a tree of its own
                return Raised(type(error), str(error))
            raise AssertionError(f"the client got an answer: {answer!r}")

        return self.exchange(scenario, raised)

    def observed_count(self, ask: Ask[object], inference: Ask[object]) -> int:
        """Return how many observations a request leaves together with one inference after it."""
        before = len(self.wrapped.printed("observation"))
        ask(_url(self.wrapped), unique_name("words"))
        self.exchange("words", inference)
        return len(self.wrapped.printed("observation")) - before


def _url(server: Server) -> str:
    return f"http://127.0.0.1:{server.port}"


@contextmanager
def running_upstreams() -> Iterator[Upstreams]:
    """Give the servers; their answers carry no date, so that they can be compared whole."""
    with ExitStack() as stack:

        def start(name: str) -> Server:
            app = f"tests.support.sdk_upstream:{name}"
            return stack.enter_context(running_server(_SERVER, "--no-date-header", app=app))

        yield Upstreams(start("bare"), start("app"), start("injecting"))
