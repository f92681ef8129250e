"""Ten million model names that callers invent, among requests to twenty real models, through one recorder.

Every name is used once; one in seven is even answered, as an upstream does that takes any name. The recorder flushes
ten times a second in its own thread. Growth is counted after the first fifth of the names: by then the index is full,
and so is the ring of recent batches, which is bounded by itself (see `redis_writer`). Quick: 300,000 names.
"""

import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Final

import redis

from tests.bench.table import Figure
from tests.support.name_flood import REAL_MODELS, NameFlood, flood_observations
from tokenpulse.recorder import Recorder
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.names import OTHER

NAMES: Final = 10_000_000
QUICK_NAMES: Final = 300_000
MOST_GROWTH_BYTES: Final = 5 * 2**20
_PAGE_BYTES: Final = 4096
_KEYS: Final = Keyspace()


def measure_cardinality(url: str, *, is_quick: bool) -> list[Figure]:
    """Return what a flood of names costs, and what it leaves."""
    names = QUICK_NAMES if is_quick else NAMES
    flood = NameFlood()
    with (
        redis.Redis.from_url(url, protocol=2) as client,
        closing(Recorder(url, flush_interval=0.1)) as recorder,
    ):
        _send(recorder, flood, range(0))
        recorder.flush()
        _send(recorder, flood, range(names // 5))
        recorder.flush()
        before = _rss_bytes(), _redis_bytes(client)
        began = time.perf_counter()
        _send(recorder, flood, range(names // 5, names))
        seconds = time.perf_counter() - began
        while not recorder.flush():
            time.sleep(0.01)
        after = _rss_bytes(), _redis_bytes(client)
        return [
            Figure("invented names", f"{names:,}"),
            Figure("requests a second", f"{flood.total / seconds:,.0f}"),
            *_exactness(client, flood),
            _growth("the process grew by", after[0] - before[0]),
            _growth("Redis grew by", after[1] - before[1]),
        ]


def _exactness(client: redis.Redis, flood: NameFlood) -> list[Figure]:
    models = {name.decode() for name in client.zrange(_KEYS.models("openai"), 0, -1)}
    counted = {model: _total(client, model) for model in models}
    missing = flood.total - _total(client, None)
    unlisted = flood.total - sum(counted.values())
    moved = sum(abs(flood.real[model] - counted.get(model, 0)) for model in REAL_MODELS)
    most = 200 + 1
    return [
        Figure("series", str(len(models)), target=f"≤ {most}", is_met=len(models) <= most),
        Figure("requests the provider lacks", str(missing), target="0", is_met=missing == 0),
        Figure("requests its models lack", str(unlisted), target="0", is_met=unlisted == 0),
        Figure("real requests not under their model", str(moved), target="0", is_met=moved == 0),
        Figure("requests under __other__", f"{counted.get(OTHER, 0):,}"),
    ]


def _total(client: redis.Redis, model: str | None) -> int:
    return int(client.hget(_KEYS.totals("openai", model), "total_requests") or 0)


def _growth(what: str, grown_bytes: int) -> Figure:
    megabytes = f"{grown_bytes / 2**20:.1f} MB"
    return Figure(what, megabytes, target="≤ 5 MB", is_met=grown_bytes <= MOST_GROWTH_BYTES)


def _send(recorder: Recorder, flood: NameFlood, names: range) -> None:
    observe: Callable[..., None] = recorder.observe
    for observation in flood_observations(flood, names):
        observe(observation)


def _rss_bytes() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE_BYTES


def _redis_bytes(client: redis.Redis) -> int:
    return int(client.info("memory")["used_memory"])
