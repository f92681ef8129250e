"""Check that a response four times as long costs about four times the time, and no more memory.

Strategy: a part of a case's body is repeated until the body has `SMALL_BYTES`, then `LARGE_BYTES`; both go
through the middleware in pieces of one size. Both lengths are beyond everything that is held whole, so that no
bound lies between them. Processor time, the best of some runs: other processes do not matter.
Bounds of the check: linear is a factor of 4, quadratic of 16, refused is what exceeds 8.
"""

import time
import tracemalloc
from collections.abc import Callable, Hashable, Iterator
from dataclasses import replace
from random import Random
from typing import Final

from tests.fuzz.broken import require
from tests.fuzz.byte_mutations import FILLERS, slice_of
from tests.fuzz.case import Case
from tests.fuzz.exchange_target import run_exchange, sink_of
from tests.support.asgi import Message, Server, request

GROWTH: Final = "growth"
SMALL_BYTES: Final = 512 * 1024
LARGE_BYTES: Final = 4 * SMALL_BYTES
PIECE_BYTES: Final = (50, 1_000, 16_000, LARGE_BYTES)
MAX_TIMES: Final = 8.0
SLACK_SECONDS: Final = 0.02
RUNS: Final = 2
MORE_RUNS: Final = 3
"""Runs before a factor that is too large is believed."""

MAX_MEMORY_TIMES: Final = 1.5
SLACK_MEMORY_BYTES: Final = 1024 * 1024


class _ForgetfulServer(Server):
    """Keep no message."""

    async def send(self, message: Message) -> None:
        """Forget a message."""


def growth_case(random: Random, case: Case) -> Case:
    """Return a case for this target: `cuts` are the ends of the part to repeat, `folds` the size of a piece."""
    body = case.body
    if random.random() < 0.2:
        place = random.randrange(len(body) + 1)
        body = body[:place] + random.choice(FILLERS) + body[place:]
    start, end = slice_of(random, body)
    if start == end:
        start, end = 0, len(body)
    return replace(case, target=GROWTH, body=body, cuts=(start, end), folds=(random.choice(PIECE_BYTES),))


def _pieces(case: Case, length: int) -> Iterator[bytes]:
    """Give the body that a case becomes at this length, one piece after the other."""
    start, end = case.cuts
    repeated = case.body[start:end] or b" "
    times = max(1, (length - len(case.body)) // len(repeated))
    raw = case.body[:start] + repeated * times + case.body[end:]
    (size,) = case.folds
    return (raw[place : place + size] for place in range(0, len(raw), size))


def _run(case: Case, length: int) -> None:
    run_exchange(case, _pieces(case, length), sink_of(case), _ForgetfulServer([request(case.asked)]))


def _best_seconds(case: Case, length: int, runs: int, seconds: Callable[[], float]) -> float:
    taken = []
    for _ in range(runs):
        before = seconds()
        _run(case, length)
        taken.append(seconds() - before)
    return min(taken)


def _peak_bytes(case: Case, length: int) -> int:
    pieces = _pieces(case, length)
    sink, server = sink_of(case), _ForgetfulServer([request(case.asked)])
    tracemalloc.start()
    try:
        run_exchange(case, pieces, sink, server)
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def check_growth(case: Case, seconds: Callable[[], float] = time.thread_time) -> Hashable:
    """Run a case at both lengths.

    seconds: the processor time so far, for tests.
    """
    small, large = (_best_seconds(case, length, RUNS, seconds) for length in (SMALL_BYTES, LARGE_BYTES))
    if large > MAX_TIMES * small + SLACK_SECONDS:
        small = min(small, _best_seconds(case, SMALL_BYTES, MORE_RUNS, seconds))
        large = min(large, _best_seconds(case, LARGE_BYTES, MORE_RUNS, seconds))
    told = f"{small:.4f} s for {SMALL_BYTES} bytes, {large:.4f} s for {LARGE_BYTES}"
    require(large <= MAX_TIMES * small + SLACK_SECONDS, "time is not linear", told)
    if case.folds[0] == LARGE_BYTES:
        return None  # the app itself holds the whole body
    peaks = [_peak_bytes(case, length) for length in (SMALL_BYTES, LARGE_BYTES)]
    bound = MAX_MEMORY_TIMES * peaks[0] + SLACK_MEMORY_BYTES
    require(peaks[1] <= bound, "memory is not bounded", f"{peaks} bytes at the most")
    return None
