"""Translate what the Redis driver raises into the store's own exceptions: the one place that does."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from redis.exceptions import RedisError

from tokenpulse_shared.connections.redis_failures import describe_failure
from tokenpulse_shared.errors import StoreUnavailableError

READ_DEADLINE_SECONDS: Final = 5.0
"""Longest a read may take as a whole: above the driver's 1 s per reply, for answers of many replies."""


@asynccontextmanager
async def translated_errors(deadline_seconds: float = READ_DEADLINE_SECONDS) -> AsyncIterator[None]:
    """Run the block within the deadline, with the driver's errors translated.

    Raises:
        StoreUnavailableError: Redis could not be reached, refused, or did not answer in time. The message
            says why in our own words: a driver's text may hold an address.
    """
    try:
        async with asyncio.timeout(deadline_seconds):
            yield
    except (RedisError, OSError) as error:
        raise StoreUnavailableError(f"Redis gave no answer: {describe_failure(error).text}") from error
