"""Tell whether the time to judge a token depends on the token, as dudect does.

Method: two classes of wrong tokens, drawn in random order: the right one but for its last character, and one
that shares nothing with it. Each decision is timed alone. Welch's t over the times of both classes, cropped at the
90th percentile of all (a loaded machine's pauses would hide a leak); below 4.5 no dependence is seen. A comparison by
`==` over the same classes shows that a leak would be seen.
"""

import gc
import random
import time
from collections.abc import Callable
from statistics import fmean, quantiles, variance
from typing import Final

from tests.bench.table import Figure
from tokenpulse_reader.http.access import Access

MOST_T: Final = 4.5
TOKEN: Final = "t" * 4096
"""So long that a comparison which ends early is seen."""
SEED: Final = 20_261


def measure_auth_timing(*, is_quick: bool) -> list[Figure]:
    """Return the figures."""
    count = 100_000 if is_quick else 1_000_000
    near = f"Bearer {TOKEN[:-1]}x".encode()
    far = f"Bearer {'x' * len(TOKEN)}".encode()
    access = Access([TOKEN])
    right = f"Bearer {TOKEN}".encode()

    def judge(given: bytes) -> object:
        return access.judge("GET", "/metrics", [given])

    def naive(given: bytes) -> object:
        return given == right

    t = abs(compute_t(judge, near, far, count))
    leak = abs(compute_t(naive, near, far, count))
    return [
        Figure(f"|t| of {count:,} decisions", f"{t:.2f}", "", f"< {MOST_T}", t < MOST_T),
        Figure(f"|t| of {count:,} comparisons by ==", f"{leak:.2f}", "", f">= {MOST_T}", leak >= MOST_T),
    ]


def compute_t(decide: Callable[[bytes], object], near: bytes, far: bytes, count: int) -> float:
    """Return Welch's t between the times of both classes."""
    draw = random.Random(SEED).getrandbits
    times: tuple[list[int], list[int]] = ([], [])
    classes = (near, far)
    now = time.perf_counter_ns
    gc.disable()
    for _ in range(count):
        chosen = draw(1)
        given = classes[chosen]
        begin = now()
        decide(given)
        times[chosen].append(now() - begin)
    gc.enable()
    most = quantiles([*times[0], *times[1]], n=10)[-1]
    first, second = ([each for each in taken if each <= most] for taken in times)
    spread = variance(first) / len(first) + variance(second) / len(second)
    return (fmean(first) - fmean(second)) / spread**0.5
