"""Print what chaos does to the counts: `python -m tests.chaos [--seconds 600] [--writers 12] [--seed N]`."""

import argparse
import asyncio
import sys
import time
from typing import Final

from tests.chaos.run import Report, run_chaos
from tests.support.redis_server import running_redis

DEFAULT_SECONDS: Final = 120.0
DEFAULT_WRITERS: Final = 12


def _print(report: Report) -> None:
    verdict = report.verdict
    assert verdict is not None  # a run that ends has one
    print("\nwhat happened")
    for name, times in sorted(report.happened.items()):
        print(f"  {name:<20} {times:>6}")
    print(f"  {'in all':<20} {sum(report.happened.values()):>6}")
    print("\nwhat the writers say")
    for name, times in sorted(report.writers.items()):
        print(f"  {name:<40} {times:>8}")
    print("\nverdict")
    for name in ("sent", "counted", "unrecoverable", "lost", "doubled"):
        print(f"  {name:<20} {getattr(verdict, name):>8}")
    for line in verdict.wrong[:20]:
        print(f"  {line}")


async def _run(arguments: argparse.Namespace) -> Report:
    with running_redis() as server:
        return await run_chaos(
            server, seconds=arguments.seconds, writers=arguments.writers, seed=arguments.seed, say=print
        )


def main() -> int:
    """Run until the time is over; return 0 when every count is right."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--seconds", type=float, default=DEFAULT_SECONDS)
    parser.add_argument("--writers", type=int, default=DEFAULT_WRITERS)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    arguments = parser.parse_args()
    print(f"{arguments.writers} writers for {arguments.seconds:g} s, seed {arguments.seed}")
    report = asyncio.run(_run(arguments))
    _print(report)
    return 0 if report.verdict is not None and report.verdict.is_exact else 1


if __name__ == "__main__":
    sys.exit(main())
