"""Print what tokenpulse costs on this machine: `python -m tests.bench [--quick] [--only overhead,stall,…]`."""

import argparse
import asyncio
import sys
import time
from collections.abc import Callable
from typing import Final

import redis

from tests.bench.errors import BenchDependencyError
from tests.bench.machine import machine_lines
from tests.bench.table import Figure, print_table
from tests.support.redis_server import RedisServerMissingError, running_redis

HEAD: Final = """\
# tokenpulse: measurements

Ratios are between rivals in one run on one machine; absolute figures are that machine's.
Figures are medians over interleaved rounds, ± is the interquartile range.
"""


def _overhead(url: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import overhead

    return overhead.__doc__ or "", asyncio.run(overhead.measure_overhead(url, is_quick=is_quick))


def _breakers(url: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import breakers

    return breakers.__doc__ or "", asyncio.run(breakers.measure_breakers(url, is_quick=is_quick))


def _spill(url: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import spill_cost

    return spill_cost.__doc__ or "", asyncio.run(spill_cost.measure_spill(url, is_quick=is_quick))


def _recorder(url: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import recorder_rate

    return recorder_rate.__doc__ or "", recorder_rate.measure_recorder(url, is_quick=is_quick)


def _memory(url: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import memory

    return memory.__doc__ or "", memory.measure_memory(url, is_quick=is_quick)


def _cardinality(url: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import cardinality

    return cardinality.__doc__ or "", cardinality.measure_cardinality(url, is_quick=is_quick)


def _stall(url: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import stall

    return stall.__doc__ or "", stall.measure_stall(url, is_quick=is_quick)


def _outage(_url: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import outage

    return outage.__doc__ or "", outage.measure_outage(is_quick=is_quick)


def _recovery(_url: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import recovery

    return recovery.__doc__ or "", recovery.measure_recovery(is_quick=is_quick)


def _reader_speed(url: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import reader_speed

    return reader_speed.__doc__ or "", reader_speed.measure_reader_speed(url, is_quick=is_quick)


def _exposition(_: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import exposition

    return exposition.__doc__ or "", asyncio.run(exposition.measure_exposition(is_quick=is_quick))


def _reader_snapshot(url: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import reader_snapshot

    return reader_snapshot.__doc__ or "", reader_snapshot.measure_reader_snapshot(url, is_quick=is_quick)


def _auth_timing(_: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import auth_timing

    return auth_timing.__doc__ or "", auth_timing.measure_auth_timing(is_quick=is_quick)


def _health_days(_: str, is_quick: bool) -> tuple[str, list[Figure]]:
    from tests.bench import health_days

    return health_days.__doc__ or "", health_days.measure_health_days(is_quick=is_quick)


MEASUREMENTS: Final[dict[str, Callable[[str, bool], tuple[str, list[Figure]]]]] = {
    "overhead": _overhead,
    "breakers": _breakers,
    "spill": _spill,
    "recorder": _recorder,
    "memory": _memory,
    "cardinality": _cardinality,
    "stall": _stall,
    "outage": _outage,
    "recovery": _recovery,
    "exposition": _exposition,
    "reader_speed": _reader_speed,
    "reader_snapshot": _reader_snapshot,
    "health_days": _health_days,
    "auth_timing": _auth_timing,
}


def main(arguments: list[str]) -> int:
    """Measure what was asked for; return 0, or 1 when something that is needed is missing."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="fewer rounds, a fifth of the models: a minute")
    parser.add_argument("--only", default=",".join(MEASUREMENTS), help=f"of {','.join(MEASUREMENTS)}")
    given = parser.parse_args(arguments)
    chosen = given.only.split(",")
    if unknown := set(chosen) - MEASUREMENTS.keys():
        parser.error(f"--only: {', '.join(sorted(unknown))}: expected some of {', '.join(MEASUREMENTS)}")
    try:
        return _measure(chosen, is_quick=given.quick)
    except (RedisServerMissingError, BenchDependencyError) as error:
        print(error, file=sys.stderr)
        return 1


def _measure(chosen: list[str], *, is_quick: bool) -> int:
    begin = time.perf_counter()
    print(HEAD)
    for at, name in enumerate(chosen):
        with running_redis(is_durable=False) as server:
            if at == 0:
                with redis.Redis.from_url(server.url, protocol=2) as client:
                    print("\n".join(machine_lines(client)))
            method, figures = MEASUREMENTS[name](server.url, is_quick)
        print_table(name, method, figures)
    print(f"\nmeasured in {time.perf_counter() - begin:.0f} s{' (--quick)' if is_quick else ''}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
