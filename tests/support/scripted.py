"""An app and a server that follow a script, and keep all that passes between them.

A script is data, so that the same one can be played with and without the middleware, and compared.
"""

import asyncio
import contextvars
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Literal, NamedTuple

from tests.support.asgi import App, Message

TOUCHED: Final[contextvars.ContextVar[int]] = contextvars.ContextVar("touched", default=0)
MAX_TURNS: Final = 2_000
"""Turns of the event loop until a conversation must be over."""


class Step(NamedTuple):
    """Tell one thing the app does.

    `receive`: call `receive`, `times` at once. `send`: send the message, then do `after` to it. `pause`: give
    others a turn. `touch`: set the context variable. `catches`: go on when that raised OSError.
    """

    action: Literal["receive", "send", "pause", "touch"]
    times: int = 1
    message: dict[str, Any] | None = None
    after: Literal["keep", "clear", "change"] = "keep"
    catches: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """Tell how a conversation goes.

    `incoming`: what `receive` gives, then `http.disconnect` for ever. `turns`: how many turns of the event loop
    a call of the server takes. `send_fails_at`, `receive_fails_at`: the number of the call that raises, from 1.
    `app_raises`: what the app raises in the end. `cancelled_at`: the turn in which its task is cancelled.
    """

    steps: list[Step]
    incoming: list[dict[str, Any]]
    turns: int = 0
    send_fails_at: int | None = None
    receive_fails_at: int | None = None
    app_raises: type[BaseException] | None = None
    cancelled_at: int | None = None


def iterated(*items: Any) -> Callable[[], Iterator[Any]]:
    """Return a value for a message that can be iterated once."""
    return lambda: iter(items)


def _fresh(message: dict[str, Any]) -> Message:
    """Return a message of a play's own, with buffers of its own."""

    def value_of(value: Any) -> Any:
        if callable(value):
            return value()
        return bytearray(value) if isinstance(value, bytearray) else value

    return {key: value_of(value) for key, value in message.items()}


def _seen(message: Message) -> dict[str, object]:
    """Return what somebody who reads a message finds in it now."""

    def found(value: Any) -> object:
        if isinstance(value, bytearray | memoryview):
            return bytes(value)
        return list(value) if isinstance(value, Iterator) else value

    return {key: found(value) for key, value in message.items()}


class Conversation:
    """Play one script; every list is in the order in which things happened."""

    def __init__(self, script: Script) -> None:
        self._script = script
        self._incoming = iter([_fresh(message) for message in script.incoming])
        self._sends = 0
        self.receives = 0
        self.server_saw: list[dict[str, object]] = []
        self.app_saw: list[dict[str, object]] = []
        self.given: list[Message] = []
        self.handed_on: list[Message] = []
        self.caught: list[str] = []
        self.planned: list[BaseException] = []
        self.raised: BaseException | None = None
        self.touched = 0

    def told(self) -> tuple[object, ...]:
        """Return all that must be the same with and without the middleware."""
        seen = (self.receives, self.server_saw, self.app_saw)
        return (*seen, self.caught, repr(self.raised), self.touched)

    async def play(self, wrap: Callable[[App], App], scope: dict[str, Any]) -> None:
        """Run the app, as `wrap` gives it back, to its end."""
        task = asyncio.create_task(self._serve(wrap(self._app), scope))
        for turn in range(MAX_TURNS):
            if task.done():
                return
            if turn == self._script.cancelled_at:
                task.cancel()
            await asyncio.sleep(0)
        raise AssertionError("the conversation does not end")

    async def _serve(self, app: App, scope: dict[str, Any]) -> None:
        try:
            await app(scope, self._receive, self._send)
        except BaseException as error:  # noqa: BLE001 - kept, to be compared
            self.raised = error
        self.touched = TOUCHED.get()

    async def _receive(self) -> Message:
        self.receives += 1
        self._fail_at(self.receives, self._script.receive_fails_at)
        message = next(self._incoming, None) or {"type": "http.disconnect"}
        for _ in range(self._script.turns):
            await asyncio.sleep(0)
        self.given.append(message)
        return message

    async def _send(self, message: Message) -> None:
        self._sends += 1
        self.server_saw.append(_seen(message))
        self.handed_on.append(message)
        self._fail_at(self._sends, self._script.send_fails_at)
        for _ in range(self._script.turns):
            await asyncio.sleep(0)

    def _fail_at(self, number: int, failing: int | None) -> None:
        if number == failing:
            self._raise(ConnectionResetError("gone"))

    def _raise(self, error: BaseException) -> None:
        self.planned.append(error)
        raise error

    async def _app(self, scope: Any, receive: Any, send: Any) -> None:
        for step in self._script.steps:
            try:
                await self._do(step, receive, send)
            except OSError as error:
                self.caught.append(repr(error))
                if not step.catches:
                    raise
        if self._script.app_raises is not None:
            self._raise(self._script.app_raises("in the end"))

    async def _do(self, step: Step, receive: Any, send: Any) -> None:
        if step.action == "receive":
            for message in await asyncio.gather(*(receive() for _ in range(step.times))):
                self.app_saw.append(_seen(message))
                assert any(message is given for given in self.given)
        elif step.action == "send":
            assert step.message is not None
            message = _fresh(step.message)
            await send(message)
            assert message is self.handed_on[-1]
            _change(message, step.after)
        elif step.action == "pause":
            await asyncio.sleep(0)
        else:
            TOUCHED.set(TOUCHED.get() + 1)


def _change(message: Message, after: str) -> None:
    if after == "clear":
        message.clear()
    elif after == "change":
        body = message.get("body")
        if isinstance(body, bytearray):
            body[:] = b"\0" * len(body)
        message["body"] = "changed"
