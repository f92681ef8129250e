"""Fuzz what reads bytes: `python -m tests.fuzz --seconds 60` (see docs/fuzzing.md)."""

import argparse
import sys
from pathlib import Path
from random import Random, SystemRandom
from typing import Final

from tests.fuzz.attempt import attempt
from tests.fuzz.broken import kind_of
from tests.fuzz.case import read_case
from tests.fuzz.case_maker import CaseMaker
from tests.fuzz.corpus import Corpus
from tests.fuzz.findings import Findings
from tests.fuzz.seeds import recorded_seeds, written_seeds
from tests.fuzz.session import Session
from tests.fuzz.targets import SHARES, TARGETS
from tokenpulse_shared.clock import SystemClock

DEFAULT_SECONDS: Final = 60.0
FOLDER: Final = Path("build") / "fuzz"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seconds", type=float, help=f"how long (default {DEFAULT_SECONDS:.0f})")
    parser.add_argument("--executions", type=int, help="how many cases, instead of or besides --seconds")
    parser.add_argument("--seed", type=int, help="of the random numbers (default: another one each time)")
    parser.add_argument("--corpus", type=Path, help="a folder of inputs to go on from; new ones are added")
    parser.add_argument("--findings", type=Path, default=FOLDER, help=f"where findings go (default {FOLDER})")
    parser.add_argument(
        "--reproduce", type=Path, help="a finding's file: try that one case, show what is raised"
    )
    return parser


def main(arguments: list[str]) -> int:
    """Do what was asked for; return 0, or 1 when something was found."""
    given = _parser().parse_args(arguments)
    if given.reproduce is not None:
        return _reproduce(given.reproduce)
    seed = SystemRandom().getrandbits(32) if given.seed is None else given.seed
    seconds = DEFAULT_SECONDS if given.seconds is None and given.executions is None else given.seconds
    written, recorded = list(written_seeds()), list(recorded_seeds())
    print(f"seed {seed}, {len(written)} written inputs, {len(recorded)} recorded ones", flush=True)
    random = Random(seed)
    corpus, findings = Corpus([*written, *recorded], given.corpus), Findings(given.findings)
    maker = CaseMaker(random, corpus, SHARES)
    clock = SystemClock()
    session = Session(random, corpus, maker, TARGETS, findings, clock, lambda line: print(line, flush=True))
    session.run(seconds, given.executions)
    for name, count in sorted(findings.counts.items()):
        print(f"{count} times: {name}")
    return 1 if findings.counts else 0


def _reproduce(path: Path) -> int:
    """Try a finding's case; let what it raises be seen."""
    case = read_case(path.read_bytes())
    print(f"{case.target} {case.path} {case.status} {list(case.headers)}\n{case.body[:2_000]!r}", flush=True)
    try:
        attempt(TARGETS[case.target], case)
    except Exception as error:
        print(f"still fails: {kind_of(error)}", flush=True)
        raise
    print("does not fail")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
