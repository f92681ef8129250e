"""Cancel reads wherever they happen to be, and see that those that go on get the answers to their own questions."""

import asyncio
import random
from typing import Final

from tokenpulse_shared.redis_reads import RedisReads

AT_ONCE: Final = 24
SPARED: Final = 6
"""Of those at once."""
MOST_TURNS: Final = 3
"""Of the loop between one cancellation and the next: all together last about as long as a batch."""


async def own_answer(reads: RedisReads, number: int) -> None:
    """Ask for what nobody else is told.

    Raises:
        AssertionError: the answer was another's.
    """
    told = await reads.batch([("ECHO", number), ("ECHO", -number)], atomic=number % 2 == 0)
    if told != [str(number).encode(), str(-number).encode()]:
        raise AssertionError(f"asked for {number}, was told {told}")


async def cancel_reads(reads: RedisReads, cancels: int) -> int:
    """Cancel so many reads in the middle of others; return how many were answered meanwhile.

    Raises:
        AssertionError: an answer was another's.
    """
    chance = random.Random(7)
    cancelled = answered = 0
    while cancelled < cancels:
        numbers = [chance.randrange(10**9) for _ in range(AT_ONCE)]
        asked = [asyncio.ensure_future(own_answer(reads, number)) for number in numbers]
        for victim in chance.sample(asked, AT_ONCE - SPARED):
            for _ in range(chance.randrange(MOST_TURNS)):
                await asyncio.sleep(0)
            victim.cancel()
        for outcome in await asyncio.gather(*asked, return_exceptions=True):
            if isinstance(outcome, asyncio.CancelledError):
                cancelled += 1
            elif outcome is not None:
                raise outcome
            else:
                answered += 1
    return answered
