"""Print what chaos does to the counts.

`python -m tests.chaos [--topology standalone|sentinel|cluster] [--seconds 120] [--writers 12] [--seed N] [--without NAME]`
"""

import argparse
import asyncio
import logging
import sys
import time
from typing import Final

from tests.chaos.run import Report, run_chaos
from tests.chaos.stages import STAGES

DEFAULT_SECONDS: Final = 120.0
DEFAULT_WRITERS: Final = 12
MOST_LINES: Final = 20


def _print(report: Report) -> None:
    verdict = report.verdict
    assert verdict is not None  # a run that ends has one
    print("\nfaults")
    for name, times in sorted(report.happened.items()):
        print(f"  {name:<40} {times:>8}")
    print(f"  {'in all':<40} {sum(report.happened.values()):>8}")
    print("\nwhat the writers say")
    for name, times in sorted(report.writers.items()):
        print(f"  {name:<40} {times:>8}")
    print("\nverdict, in requests")
    for name in ("sent", "counted", "unrecoverable", "lost", "doubled"):
        print(f"  {name:<40} {getattr(verdict, name):>8}")
    if verdict.unrecoverable:
        print(
            "  unrecoverable: Redis lost them after it had acknowledged them, more than a minute before it was seen"
        )
    for line in verdict.wrong[:MOST_LINES]:
        print(f"  {line}")


async def _run(arguments: argparse.Namespace) -> Report:
    with STAGES[arguments.topology]() as stage:
        return await run_chaos(
            stage,
            seconds=arguments.seconds,
            writers=arguments.writers,
            seed=arguments.seed,
            disasters=[name for name in stage.disasters if name not in arguments.without],
            say=lambda line: print(line, flush=True),
        )


def main() -> int:
    """Run until the time is over; return 0 when every count is right."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--topology", choices=sorted(STAGES), default="standalone")
    parser.add_argument("--seconds", type=float, default=DEFAULT_SECONDS)
    parser.add_argument("--writers", type=int, default=DEFAULT_WRITERS)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    parser.add_argument(
        "--without", action="append", default=[], metavar="NAME", help="a disaster to leave out"
    )
    arguments = parser.parse_args()
    logging.getLogger("tokenpulse").setLevel(logging.ERROR)  # it warns of what is done to it
    print(
        f"{arguments.topology}: {arguments.writers} writers for {arguments.seconds:g} s, seed {arguments.seed}"
    )
    report = asyncio.run(_run(arguments))
    _print(report)
    return 0 if report.verdict is not None and report.verdict.is_exact else 1


if __name__ == "__main__":
    sys.exit(main())
