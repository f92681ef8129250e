"""Call scripts by their digest, by their text where the server does not know them."""

from collections.abc import Callable, Sequence
from hashlib import sha1
from typing import Any, Final

import redis

from tokenpulse.writing.overlapped import overlapped
from tokenpulse_shared import scripts

Argument = str | bytes | int
Call = tuple[str, Sequence[Argument]]
"""The one key that names the slot, and the arguments."""


class Script:
    """Call one script; every script here takes one key."""

    def __init__(self, name: scripts.ScriptName) -> None:
        self._text: Final = scripts.source(name)
        self._digest: Final = sha1(self._text.encode(), usedforsecurity=False).hexdigest()

    def call(self, client: redis.Redis, key: str, *arguments: Argument) -> Any:
        """Return the script's reply.

        Raises:
            redis.RedisError: the server could not be reached, or the script failed.
        """
        reply = self.call_all(client, [(key, arguments)])[0]
        if isinstance(reply, Exception):
            raise reply
        return reply

    def call_all(
        self, client: redis.Redis, calls: Sequence[Call], meanwhile: Callable[[], None] | None = None
    ) -> list[Any]:
        """Return a reply or an exception for each call, made in one round trip, two when the script is new.

        `meanwhile` is called once, while a plain server works on the calls; with a cluster after that.

        Raises:
            redis.RedisError: the connection failed.
            OSError: the same, in a way the driver does not translate.
        """
        if meanwhile is not None and type(client) is redis.Redis:
            commands = [("EVALSHA", self._digest, 1, key, *arguments) for key, arguments in calls]
            return self._known(client, calls, overlapped(client, commands, meanwhile))
        replies = self._pipeline(client, calls, "EVALSHA", self._digest)
        if meanwhile is not None:
            meanwhile()
        return self._known(client, calls, replies)

    def _known(self, client: redis.Redis, calls: Sequence[Call], replies: list[Any]) -> list[Any]:
        """Return the replies, with those of a server that did not know the script asked for again."""
        unknown = [
            at for at, reply in enumerate(replies) if isinstance(reply, redis.exceptions.NoScriptError)
        ]
        if unknown:
            again = self._pipeline(client, [calls[at] for at in unknown], "EVAL", self._text)
            for at, reply in zip(unknown, again, strict=True):
                replies[at] = reply
        return replies

    @staticmethod
    def _pipeline(client: redis.Redis, calls: Sequence[Call], command: str, script: str) -> list[Any]:
        with client.pipeline(transaction=False) as pipeline:
            queue: Any = pipeline.execute_command  # untyped in redis-py
            for key, arguments in calls:
                queue(command, script, 1, key, *arguments)
            replies: list[Any] = pipeline.execute(raise_on_error=False)
        return replies
