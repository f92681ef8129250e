"""Reckon what fleets of writers cost Redis, from the measured cost of one flush: `python -m tests.bench.scaling [--write]`.

Method: one recorder flushes `FLUSHES` times into a real redis-server of its own, once with every series active
between two flushes, once with a few requests. Commands, bytes and CPU are what the server says of itself (INFO:
total_commands_processed, total_net_*_bytes, used_cpu_user + used_cpu_sys) between the first and the last flush,
divided by the flushes. A fleet of W workers that flush every T seconds needs W / T of that each second: all work on
Redis is in scripts whose cost does not depend on who else writes, so this is a product, not a model.
`--write` puts the tables into docs/scaling.md.
"""

import argparse
import random
import sys
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.support.documentation import with_part
from tests.support.redis_server import running_redis
from tokenpulse import Recorder

PROVIDERS: Final = 10
MODELS: Final = 30
FLUSHES: Final = 40
WORKERS: Final = (10, 100, 1_000, 10_000)
INTERVALS_SECONDS: Final = (1, 5, 15)
BUSY_SHARE: Final = 0.7
"""Of one core: beyond, Redis answers late."""
PAGE: Final = Path(__file__).parents[2] / "docs" / "scaling.md"


class Flush(NamedTuple):
    """Hold what one flush costs the server."""

    name: str
    commands: float
    bytes_in: float
    bytes_out: float
    cpu_seconds: float


def measure_flush(name: str, calls: int, flushes: int = FLUSHES) -> Flush:
    """Return the cost of a flush of that many calls, spread over all series evenly at random."""
    series = [(f"provider-{at}", f"model-{of}") for at in range(PROVIDERS) for of in range(MODELS)]
    chance = random.Random(1)
    with running_redis(is_durable=False) as server, server.client() as client:
        recorder = Recorder(server.url, flush_interval=60.0, genai_prices=False)
        _record(recorder, series, chance)
        _flush(recorder)
        before = client.info()
        for _ in range(flushes):
            _record(recorder, series if calls >= len(series) else chance.sample(series, calls), chance)
            _flush(recorder)
        after = client.info()
        recorder.close()

    def each(*fields: str) -> float:
        return sum(after[field] - before[field] for field in fields) / flushes

    return Flush(
        name,
        each("total_commands_processed"),
        each("total_net_input_bytes"),
        each("total_net_output_bytes"),
        each("used_cpu_user", "used_cpu_sys"),
    )


def _record(recorder: Recorder, series: list[tuple[str, str]], chance: random.Random) -> None:
    for provider, model in series:
        latency = chance.lognormvariate(7, 0.8)
        counts: dict[str, Any] = {
            "tokens_input": chance.randrange(4000),
            "tokens_output": chance.randrange(800),
        }
        recorder.record(
            provider=provider, model=model, latency_ms=latency, ttft_ms=latency / 5, cost=0.001, **counts
        )


def _flush(recorder: Recorder) -> None:
    if not recorder.flush():
        raise RuntimeError("a flush did not reach Redis: its cost would be missing")


def flush_table(flushes: list[Flush]) -> str:
    """Return a Markdown table of what one flush costs."""
    rows = ["| one flush of | commands | kB in | kB out | CPU of Redis |", "|---|---|---|---|---|"]
    rows += [
        f"| {each.name} | {each.commands:.0f} | {each.bytes_in / 1e3:.1f} | {each.bytes_out / 1e3:.1f} "
        f"| {each.cpu_seconds * 1e3:.1f} ms |"
        for each in flushes
    ]
    return "\n".join(rows)


def fleet_table(flushes: list[Flush]) -> str:
    """Return a Markdown table of what fleets need each second, and on how many shards that fits."""
    rows = [
        "| workers | flush every | a flush of | commands/s | MB/s in | cores of Redis | shards |",
        "|---|---|---|---|---|---|---|",
    ]
    for workers in WORKERS:
        for seconds in INTERVALS_SECONDS:
            for each in flushes:
                rate = workers / seconds
                cores = rate * each.cpu_seconds
                shards = max(1, -(-cores // BUSY_SHARE))
                fits = f"{shards:.0f}" if shards <= PROVIDERS else f"more than the {PROVIDERS} providers"
                rows.append(
                    f"| {workers:,} | {seconds} s | {each.name} | {rate * each.commands:,.0f} "
                    f"| {rate * each.bytes_in / 1e6:.2f} | {cores:.2f} | {fits} |"
                )
    return "\n".join(rows)


def main() -> int:
    """Measure, print or write the tables."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scaling", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/scaling.md")
    arguments = parser.parse_args()
    everything = PROVIDERS * MODELS
    flushes = [
        measure_flush(f"{everything} series, a call each", everything),
        measure_flush("10 calls", 10),
    ]
    parts = {"flush": flush_table(flushes), "fleet": fleet_table(flushes)}
    if not arguments.write:
        print("\n\n".join(parts.values()))
        return 0
    text = PAGE.read_text(encoding="utf-8")
    for name, part in parts.items():
        text = with_part(text, name, part)
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
