"""Measure what a spill directory adds to a request.

Method: as for the overhead of a request, the same app wrapped by two middlewares, whose recorders differ in
`spill_path` alone; each block ends with its flush. The directory is a temporary one, on a disk as a rule. The
replay is that of a log of mixed records, by a recorder that does nothing else; its rate counts wall time.
"""

import tempfile
import time
from pathlib import Path
from typing import Final

from tests.bench.overhead import measured_block
from tests.bench.rounds import interleaved, spread
from tests.bench.table import Figure
from tests.bench.traffic import KINDS
from tokenpulse import Recorder, TokenPulseMiddleware

REQUESTS: Final = {"json": 1000, "plain": 1000}
ROUNDS: Final = 120
QUICK_ROUNDS: Final = 40
REPLAYED: Final = 100_000
_POLL_SECONDS: Final = 0.01


async def measure_spill(redis_url: str, *, is_quick: bool) -> list[Figure]:
    """Return the figures of requests and of a replay."""
    figures: list[Figure] = []
    for name in REQUESTS:
        figures += await _measure_requests(redis_url, name, QUICK_ROUNDS if is_quick else ROUNDS)
    return [*figures, _measure_replay(redis_url)]


async def _measure_requests(redis_url: str, name: str, rounds: int) -> list[Figure]:
    kind, requests = KINDS[name], REQUESTS[name]
    with tempfile.TemporaryDirectory(prefix="tokenpulse-spill-") as directory:
        recorders = {
            "without": Recorder(redis_url, flush_interval=60.0),
            "with": Recorder(redis_url, flush_interval=60.0, spill_path=directory),
        }
        blocks = {
            which: measured_block(
                TokenPulseMiddleware(kind.app, recorder=recorder), kind, requests, recorder.flush
            )
            for which, recorder in recorders.items()
        }
        blocks["bare"] = measured_block(kind.app, kind, requests, None)
        seconds = await interleaved(blocks, rounds)
        for recorder in recorders.values():
            recorder.close()
    per_request = {which: [each * 1e6 / requests for each in taken] for which, taken in seconds.items()}
    added = {
        which: [mine - bare for mine, bare in zip(per_request[which], per_request["bare"], strict=True)]
        for which in recorders
    }
    spilling = [more - less for more, less in zip(added["with"], added["without"], strict=True)]
    ratios = [more / less for more, less in zip(added["with"], added["without"], strict=True)]
    (middle, noise), (ratio, ratio_noise) = spread(spilling), spread(ratios)
    return [
        Figure(f"{name}: a spill directory adds", f"{middle:.2f} µs", f"± {noise:.2f}"),
        Figure(f"{name}: tokenpulse with it over without it", f"× {ratio:.3f}", f"± {ratio_noise:.3f}"),
    ]


def _measure_replay(redis_url: str) -> Figure:
    with tempfile.TemporaryDirectory(prefix="tokenpulse-spill-") as directory:
        first = Recorder(redis_url, flush_interval=60.0, spill_path=directory)
        first._started = True  # no thread, and nothing of it at this process's end
        for number in range(REPLAYED):
            first.record(provider=f"provider{number % 4}", model=f"model-{number % 20}", latency_ms=1.0)
        assert first._spill is not None
        first._spill.abandon()  # as the end of its process does
        log_bytes = sum(path.stat().st_size for path in Path(directory).iterdir())
        second = Recorder(redis_url, flush_interval=60.0, spill_path=directory)
        began = time.perf_counter()
        second.ensure_started()
        while second.stats()["spill"]["replaying"]:
            time.sleep(_POLL_SECONDS)
        seconds = time.perf_counter() - began
        second.close()
    what = f"replay of {REPLAYED:,} records, {log_bytes / 2**20:.0f} MiB"
    return Figure(what, f"{REPLAYED / seconds:,.0f}/s")
