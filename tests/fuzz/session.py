"""Try case after case, keep what is new, write down what fails."""

from collections.abc import Callable, Mapping
from random import Random
from typing import Final

from tests.fuzz.attempt import attempt
from tests.fuzz.broken import kind_of
from tests.fuzz.case import Case
from tests.fuzz.case_maker import CaseMaker
from tests.fuzz.corpus import Corpus
from tests.fuzz.findings import Findings
from tests.fuzz.growth import GROWTH, growth_case
from tests.fuzz.shrink import shrunk
from tests.fuzz.targets import Target
from tokenpulse_shared.clock import Clock

PROGRESS_SECONDS: Final = 5.0
GROWTH_EVERY: Final = 4_000
"""Executions between two checks of growth: these take half a second, the others three or so."""


class Session:
    """Run until the time is over, or until so many cases were tried.

    targets: what may be tried, by name. say: takes lines for a person.
    """

    def __init__(
        self,
        random: Random,
        corpus: Corpus,
        maker: CaseMaker,
        targets: Mapping[str, Target],
        findings: Findings,
        clock: Clock,
        say: Callable[[str], object],
    ) -> None:
        self.executions = 0
        self._random = random
        self._corpus = corpus
        self._maker = maker
        self._targets = targets
        self._findings = findings
        self._clock = clock
        self._say = say
        self._started = self._told = clock.monotonic()

    def run(self, seconds: float | None, executions: int | None) -> None:
        """Go on until one of the limits is reached; None: there is no such limit."""
        while executions is None or self.executions < executions:
            if self.executions and self.executions % GROWTH_EVERY == 0:
                self._try(growth_case(self._random, self._corpus.any(self._random)), None)
            self._try(*self._maker.draw())
            self.executions += 1
            now = self._clock.monotonic()
            left = None if seconds is None else self._started + seconds - now
            if now - self._told >= PROGRESS_SECONDS:
                self._told = now
                self._say(self.progress(left))
            if left is not None and left <= 0:
                break
        self._say(self.progress(None))

    def progress(self, left_seconds: float | None) -> str:
        """Return a line on how it goes; None: it is over, or nobody knows when."""
        past = self._clock.monotonic() - self._started
        rate = self.executions / past if past else 0.0
        ending = "" if left_seconds is None else f", {max(0.0, left_seconds):.0f} s left"
        return (
            f"{past:.0f} s: {self.executions} executions, {rate:.0f}/s, {len(self._corpus)} inputs, "
            f"{len(self._findings.counts)} findings{ending}"
        )

    def _try(self, case: Case, kept: Case | None) -> None:
        target = self._targets[case.target]
        try:
            sign = attempt(target, case)
        except Exception as error:  # noqa: BLE001 - whatever fails is what is looked for
            self._note(case, error)
            return
        if kept is not None:
            self._corpus.show((case.target, sign), kept, self._random)

    def _note(self, case: Case, error: Exception) -> None:
        if self._findings.is_new(case, error):
            smaller, raised = self._shrunk(case, error)
            path = self._findings.write(smaller, raised)
            self._say(f"FOUND {case.target}: {str(raised)[:300]}\n  python -m tests.fuzz --reproduce {path}")

    def _shrunk(self, case: Case, error: Exception) -> tuple[Case, Exception]:
        """Return a smaller case of the same failure, with what that one raised."""
        kind, last = kind_of(error), error

        def fails(smaller: Case) -> bool:
            nonlocal last
            try:
                attempt(self._targets[case.target], smaller)
            except Exception as raised:  # noqa: BLE001 - compared
                if kind_of(raised) == kind:
                    last = raised
                    return True
            return False

        is_quick = case.target != GROWTH and kind not in ("too slow", "TooSlowError")
        return (shrunk(case, fails), last) if is_quick else (case, error)
