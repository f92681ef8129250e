"""The ways of wrapping an app that are compared."""

from time import perf_counter
from typing import Final

from tests.bench.errors import BenchDependencyError
from tests.bench.traffic import App, Message, Receive, Scope, Send
from tokenpulse import Recorder, TokenPulseMiddleware

BARE: Final = "bare"
PASS_THROUGH: Final = "pass-through"
TIMES_ONLY: Final = "times-only"
TOKENPULSE: Final = "tokenpulse"
EXPORTER: Final = "starlette-exporter"


class PassThrough:
    """Wrap receive and send in coroutines that do nothing else: the least a measuring wrapper can be."""

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app."""

        async def wrapped_receive() -> Message:
            return await receive()

        async def wrapped_send(message: Message) -> None:
            await send(message)

        await self._app(scope, wrapped_receive, wrapped_send)


class TimesOnly:
    """Keep each message's body with the times before and after it was sent, and read nothing of it.

    What a stream costs in Python before anything is known of it: no measuring of each chunk can be cheaper.
    """

    def __init__(self, app: App) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app."""
        kept: list[float | bytes | None] = []
        keep = kept.append

        async def timed_send(message: Message) -> None:
            keep(perf_counter())
            keep(message.get("body"))
            await send(message)
            keep(perf_counter())

        await self._app(scope, receive, timed_send)


def exporter(app: App) -> App:
    """Return the app in starlette-exporter's middleware, body sizes measured as tokenpulse does, else its defaults.

    Raises:
        BenchDependencyError: it is not installed.
    """
    try:
        from starlette_exporter import PrometheusMiddleware
        from starlette_exporter.optional_metrics import request_body_size, response_body_size
    except ImportError as error:
        raise BenchDependencyError(
            "starlette-exporter is not installed, and the overhead is measured beside it: run `make bench`, or "
            "`pip install --group bench` first."
        ) from error
    wrapped: App = PrometheusMiddleware(app, optional_metrics=[request_body_size, response_body_size])
    return wrapped


def wrapped(app: App, recorder: Recorder) -> dict[str, App]:
    """Return the app as it is wrapped by each rival, tokenpulse with the recorder."""
    return {
        BARE: app,
        PASS_THROUGH: PassThrough(app),
        TIMES_ONLY: TimesOnly(app),
        TOKENPULSE: TokenPulseMiddleware(app, recorder=recorder),
        EXPORTER: exporter(app),
    }
