"""Run rival blocks of work in interleaved rounds.

Strategy: each round runs every block once, in an order drawn anew, so that a slow second of the machine hits all
of them alike. Compared are values of one round; reported are medians over rounds with the interquartile range.
Time is CPU time of the whole process, all its threads, so that a loaded machine or a flush thread changes little
or is counted, respectively.
"""

import gc
import random
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from statistics import median, quantiles
from typing import Final, NamedTuple

SEED: Final = 20_261
Block = Callable[[], Awaitable[None]]


class Spread(NamedTuple):
    """Hold the median and the interquartile range of one value per round."""

    median: float
    iqr: float


def spread(values: Sequence[float]) -> Spread:
    """Return the median and interquartile range of at least two values."""
    low, _, high = quantiles(values, n=4)
    return Spread(median(values), high - low)


async def interleaved(blocks: Mapping[str, Block], rounds: int) -> dict[str, list[float]]:
    """Return CPU seconds of each block by round; one more round before them warms up.

    The garbage collector is on for all; each block starts with a fresh collection, what was alive before the
    first block is frozen.
    """
    order = list(blocks)
    shuffle = random.Random(SEED).shuffle
    taken: dict[str, list[float]] = {name: [] for name in order}
    gc.collect()
    gc.freeze()
    for name in order:
        await blocks[name]()
    for _ in range(rounds):
        shuffle(order)
        for name in order:
            gc.collect()
            begin = time.process_time()
            await blocks[name]()
            taken[name].append(time.process_time() - begin)
    gc.unfreeze()
    return taken
