"""Tell a reply that cannot be its command's from a fault of our own.

Bytes that got lost or came in between leave replies one place off; redis-py reads them as what they are not. The
connection is dropped: what is left in it would answer the next command.
"""

from collections.abc import Callable
from typing import Any

import redis
import redis.asyncio
from redis.exceptions import InvalidResponse

Parser = Callable[..., Any]


def refuse_odd_replies(client: redis.Redis) -> None:
    """Have a reply whose shape is not its command's raise `InvalidResponse`, all connections closed."""
    pool = client.connection_pool

    def refuse(odd: InvalidResponse) -> Any:
        pool.disconnect()
        raise odd

    _wrap(client.response_callbacks, refuse)


def refuse_odd_replies_async(client: redis.asyncio.Redis) -> None:
    """Have a reply whose shape is not its command's raise `InvalidResponse`, all connections closed."""
    pool = client.connection_pool

    async def refuse(odd: InvalidResponse) -> Any:  # redis-py awaits what parsers return, where it can be
        await pool.disconnect()
        raise odd

    _wrap(client.response_callbacks, refuse)


def refusing(parse: Parser, refuse: Callable[[InvalidResponse], Any]) -> Parser:
    """Return the parser, giving what `refuse` returns for what it cannot read."""

    def parse_or_refuse(reply: Any, **options: Any) -> Any:
        try:
            return parse(reply, **options)
        except (TypeError, ValueError, LookupError, AttributeError) as error:
            odd = InvalidResponse("a reply of another shape than the command's")
            odd.__cause__ = error
            return refuse(odd)

    return parse_or_refuse


def _wrap(parsers: Any, refuse: Callable[[InvalidResponse], Any]) -> None:
    for command, parse in list(parsers.items()):
        parsers[command] = refusing(parse, refuse)
