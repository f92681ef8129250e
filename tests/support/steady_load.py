"""Ask a chat app for answers from several threads, each answer with a model of its own, until it answers no more."""

import itertools
import threading
import time
from typing import Final, Self

import orjson

from tests.support.asgi import CHAT
from tests.support.processes import wait_until
from tests.support.wire import converse

THREADS: Final = 4


class SteadyLoad:
    """Hold what was asked and what was answered; every answer read to its end, on a connection of its own."""

    def __init__(self, port: int) -> None:
        self._port = port
        self._numbers = itertools.count()
        self._is_over = False
        self.asked: set[str] = set()
        self.answered: dict[str, float] = {}
        """Model → monotonic time of the answer's end."""
        self._threads = [threading.Thread(target=self._ask_on) for _ in range(THREADS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_over = True
        for thread in self._threads:
            thread.join()

    def wait_for_answers(self, count: int) -> None:
        """Return once so many more answers have come.

        Raises:
            ProcessError: they did not come in time.
        """
        wanted = len(self.answered) + count
        wait_until(lambda: len(self.answered) >= wanted, f"{wanted} answers")

    def _ask_on(self) -> None:
        while not self._is_over and self._ask(f"acme/m{next(self._numbers)}"):
            pass

    def _ask(self, model: str) -> bool:
        """Return whether an answer came."""
        self.asked.add(model)
        try:
            answer = converse("http/1.1", self._port, "POST", CHAT, orjson.dumps({"model": model}))
        except OSError:
            return False
        if not _is_whole(answer.heads[0], answer.body):
            return False
        self.answered[model] = time.monotonic()
        return True


def _is_whole(head: object, body: bytes) -> bool:
    """Tell whether an answer was read to its end: no server says 200 before it has one."""
    if not isinstance(head, bytes) or b" 200 " not in head.partition(b"\r\n")[0]:
        return False
    return body.rstrip().endswith(b"}") or body.endswith(b"0\r\n\r\n")
