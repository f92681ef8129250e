"""Measure what a day of traffic takes in Redis.

Method: 300 models (10 providers with 30 each), 1,000 requests an hour each, for the 24 h that end now (7.2 million),
with log-normal times to first token, times per token and answer lengths, 2 % errors, 70 % streams; a clock handed to
the recorder moves through the day (see `simulated_day` for when it flushes). All of it goes through `Recorder`,
its batches, the apply script. Then every window that is over is packed by the seal script, as it is within seconds
in real life. Times to live run in real time here, so what would have expired by the end of the day is deleted by the
time in its key: minute windows that ended 2 h ago or earlier, packed minutes of hours that were complete then. The
errors' lists (1 h) and breakers (15 min) are from the day's last minutes. Bytes are the sum of MEMORY USAGE
key SAMPLES 0 over every key, keys' own overhead included, in an instance that holds nothing else. (`windows`, the
index of open windows, reads larger than in life: its table keeps the size the whole backlog needed.)
The day is fed twice: with latency, ttft, tpot alone (what the target is for, always 60 models × 5), with everything.
--quick feeds 60 models (2 providers) and multiplies by five; that is said in the table.
"""

import re
import time
from collections import Counter
from collections.abc import Iterator
from typing import Final

import redis

from tests.bench.simulated_day import MODELS_PER_PROVIDER, SteppedClock, feed_day, profiles
from tests.bench.table import Figure
from tokenpulse import Recorder
from tokenpulse.flushing.sealer import SEAL_SECONDS, Sealer
from tokenpulse.guard import Guard
from tokenpulse_shared.keyspace import (
    DEFAULT_PREFIX,
    MINUTE_RETENTION_SECONDS,
    SEAL_DELAY_SECONDS,
    Keyspace,
    parse_stamp,
)

PROVIDERS: Final = 10
QUICK_PROVIDERS: Final = 2
MOST_BYTES: Final = 20_000_000
KEYS_PER_TRIP: Final = 1000
_KEY: Final = re.compile(
    rf"{DEFAULT_PREFIX}(?P<kind>\w+)(?::.*?(?P<stamp>\d{{4}}-\d\d-\d\d(?::\d\d(?::\d\d)?)?)?)?"
)
_LENGTH_NAMES: Final = {10: "day", 13: "hour", 16: "minute"}


def measure_memory(url: str, *, is_quick: bool) -> list[Figure]:
    """Return the bytes in all, by kind of key, per model; with three sketches, then with all."""
    figures = _measured(url, is_quick=True, has_all_sketches=False)[-1:]
    with redis.Redis.from_url(url, protocol=2) as client:
        client.flushdb()
    return figures + _measured(url, is_quick=is_quick, has_all_sketches=True)


def _measured(url: str, *, is_quick: bool, has_all_sketches: bool) -> list[Figure]:
    providers = QUICK_PROVIDERS if is_quick else PROVIDERS
    end = time.time()
    clock = SteppedClock(end)
    recorder = Recorder(url, clock=clock, flush_interval=60.0)
    begin = time.perf_counter()
    fed = feed_day(recorder, clock, profiles(providers), end, has_all_sketches=has_all_sketches)
    recorder.close()
    fed_seconds = time.perf_counter() - begin
    with redis.Redis.from_url(url, protocol=2) as client:
        _delete_expired(client, end)
        _pack_windows(client, providers)
        counts, sizes = _sizes(client)
    figures = _figures(counts, sizes, providers, has_all_sketches=has_all_sketches)
    note = f"{fed:,} requests fed in {fed_seconds:.0f} s; the current hour is {end % 3600 / 60:.0f} min old"
    return [Figure(note, ""), *figures]


def _keys(client: redis.Redis) -> Iterator[tuple[str, str, str]]:
    """Yield (key, kind, stamp or nothing) of every key."""
    for key in client.scan_iter(count=KEYS_PER_TRIP):
        text = key.decode()
        match = _KEY.fullmatch(text)
        if match is None:
            raise RuntimeError(f"key of no known shape: {text}")
        yield text, match["kind"], match["stamp"] or ""


def _delete_expired(client: redis.Redis, end: float) -> None:
    def is_expired(kind: str, stamp: str) -> bool:
        if not stamp:
            return False
        granularity, start = parse_stamp(stamp)
        if kind == "minutes":
            return start + 3600 + SEAL_DELAY_SECONDS + MINUTE_RETENTION_SECONDS <= end
        return granularity == "minute" and start + 60 + MINUTE_RETENTION_SECONDS <= end

    expired = [key for key, kind, stamp in _keys(client) if is_expired(kind, stamp)]
    for at in range(0, len(expired), KEYS_PER_TRIP):
        client.delete(*expired[at : at + KEYS_PER_TRIP])


def _pack_windows(client: redis.Redis, providers: int) -> None:
    """Ask the sealer until no window is due."""
    keys, guard = Keyspace(), Guard(SteppedClock(0.0))
    sealer = Sealer(client, keys, guard)
    names = [f"provider-{at}" for at in range(providers)]
    for name in names:
        sealer.note(name)
    time.sleep(SEAL_SECONDS)  # a provider is first asked for after that
    while any(client.zcount(keys.open_windows(name), "-inf", time.time() - 1) for name in names):
        sealer.seal_due()
    if guard.counts().get("fault:window_not_sealable"):
        raise RuntimeError("some windows could not be packed: the memory would be of a broken state")


def _sizes(client: redis.Redis) -> tuple[Counter[str], Counter[str]]:
    """Return keys and bytes by kind."""
    counts: Counter[str] = Counter()
    sizes: Counter[str] = Counter()
    keys = list(_keys(client))
    for at in range(0, len(keys), KEYS_PER_TRIP):
        trip = keys[at : at + KEYS_PER_TRIP]
        with client.pipeline(transaction=False) as pipeline:
            for key, _, _ in trip:
                pipeline.memory_usage(key, samples=0)
            replies = pipeline.execute()
        for (_, kind, stamp), size in zip(trip, replies, strict=True):
            name = _kind_name(kind, stamp)
            counts[name] += 1
            sizes[name] += size or 0
    return counts, sizes


def _kind_name(kind: str, stamp: str) -> str:
    if not stamp:
        return kind
    packed = "packed, a key per " if kind in ("minutes", "hours") else "open, " if len(stamp) > 10 else ""
    return f"{kind} ({packed}{_LENGTH_NAMES[len(stamp)]})"


def _figures(
    counts: Counter[str], sizes: Counter[str], providers: int, *, has_all_sketches: bool
) -> list[Figure]:
    scale = PROVIDERS // providers
    total = sum(sizes.values()) * scale
    per_model = total / (PROVIDERS * MODELS_PER_PROVIDER)
    scaled = "" if scale == 1 else f", {providers * MODELS_PER_PROVIDER} models × {scale}"
    return [
        *(
            Figure(f"{name}: {counts[name] * scale:,} keys", f"{size * scale / 1e6:.2f} MB")
            for name, size in sizes.most_common()
        ),
        Figure("per model", f"{per_model / 1e3:.1f} kB"),
        Figure(f"300 models × 24 h, all seven sketches{scaled}", f"{total / 1e6:.2f} MB")
        if has_all_sketches
        else Figure(
            f"300 models × 24 h, sketches of latency, ttft, tpot{scaled}",
            f"{total / 1e6:.2f} MB",
            "",
            f"≤ {MOST_BYTES / 1e6:g} MB",
            total <= MOST_BYTES,
        ),
    ]
