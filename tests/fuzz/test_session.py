"""Fuzzing finds what is wrong, writes it down once, ends in time."""

from collections.abc import Hashable
from pathlib import Path
from random import Random

import pytest

from tests.fuzz.__main__ import main
from tests.fuzz.case import Case, read_case
from tests.fuzz.case_maker import CaseMaker
from tests.fuzz.corpus import Corpus
from tests.fuzz.findings import Findings
from tests.fuzz.seeds import written_seeds
from tests.fuzz.session import GROWTH_EVERY, PROGRESS_SECONDS, Session
from tests.fuzz.targets import SHARES, TARGETS, Target
from tests.support.clock import FakeClock


def session_of(
    target: Target, folder: Path, clock: FakeClock | None = None
) -> tuple[Session, Findings, list[str]]:
    """Return a session that tries nothing but this target, as `answer`, and as `growth`."""
    random, said = Random(7), list[str]()
    corpus, findings = Corpus(written_seeds(), None), Findings(folder)
    targets = {"answer": target, "growth": target}
    maker = CaseMaker(random, corpus, ["answer"])
    return (
        Session(random, corpus, maker, targets, findings, clock or FakeClock(), said.append),
        findings,
        said,
    )


def test_every_reader_stands_a_short_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Some hundred cases of every target: nothing raises, nothing depends on how bytes were cut."""
    status = main(["--executions", "1500", "--seed", "7", "--findings", str(tmp_path / "none")])
    told = capsys.readouterr().out

    assert status == 0, told
    assert "seed 7, " in told
    assert ": 1500 executions, " in told
    assert told.endswith(" inputs, 0 findings\n")
    assert not (tmp_path / "none").exists()


def test_every_target_has_its_turn() -> None:
    """All but growth, which has turns of its own."""
    assert set(SHARES) == TARGETS.keys() - {"growth"}


def test_a_fault_is_found_once_and_made_small(tmp_path: Path) -> None:
    """A target that cannot stand some bytes: one file, however often it fails, with no more than those bytes."""

    def frail(case: Case) -> Hashable:
        if b"null" in case.body:
            raise ZeroDivisionError("at null")
        return len(case.body) % 7

    session, findings, said = session_of(frail, tmp_path)
    session.run(None, 300)
    (path,) = tmp_path.iterdir()
    case = read_case(path.read_bytes())

    assert list(findings.counts) == ["answer: ZeroDivisionError in test_session.py:frail"]
    assert findings.counts.popitem()[1] > 1
    assert (case.body, case.cuts, case.folds, case.asked) == (b"null", (), (), b"")
    assert said[0] == f"FOUND answer: at null\n  python -m tests.fuzz --reproduce {path}"
    assert said[-1].endswith(", 1 findings")


def test_growth_has_its_turn(tmp_path: Path) -> None:
    """Every so many executions one is checked for growth; what fails there is not made smaller."""

    def grows(case: Case) -> Hashable:
        if case.target == "growth":
            raise ValueError("too much")
        return None

    session, findings, _ = session_of(grows, tmp_path)
    session.run(None, GROWTH_EVERY + 1)

    assert findings.counts == {"growth: ValueError in test_session.py:grows": 1}


def test_a_run_ends_in_time_and_says_how_it_goes(tmp_path: Path) -> None:
    """A line every few seconds, with what is left; the end when the time is over."""
    clock = FakeClock()

    def slow(case: Case) -> Hashable:
        clock.advance(1.0)
        return None

    session, _, said = session_of(slow, tmp_path, clock)
    session.run(2 * PROGRESS_SECONDS, None)

    assert session.executions == 10
    assert said == [
        f"5 s: 5 executions, 1/s, {len(list(written_seeds())) + 1} inputs, 0 findings, 5 s left",
        f"10 s: 10 executions, 1/s, {len(list(written_seeds())) + 1} inputs, 0 findings, 0 s left",
        f"10 s: 10 executions, 1/s, {len(list(written_seeds())) + 1} inputs, 0 findings",
    ]


def test_a_finding_can_be_tried_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Its file is enough: what is raised comes out; once it is mended, it is said so."""
    findings = Findings(tmp_path)
    seed = next(written_seeds())
    mended = findings.write(seed, ValueError("once"))

    assert main(["--reproduce", str(mended)]) == 0
    assert capsys.readouterr().out.endswith("does not fail\n")

    broken = findings.write(Case("answer", "/plain", b"", b"x"), ValueError("still"))
    with pytest.raises(AssertionError, match="/plain"):
        main(["--reproduce", str(broken)])
    assert "still fails: AssertionError in reading.py:endpoint_of" in capsys.readouterr().out


def test_findings_make_the_command_fail(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code is 1, every kind is counted at the end."""

    def fail(case: Case) -> Hashable:
        raise RuntimeError("always")

    monkeypatch.setattr("tests.fuzz.__main__.TARGETS", dict.fromkeys(TARGETS, fail))
    status = main(["--executions", "40", "--seconds", "60", "--seed", "1", "--findings", str(tmp_path)])

    assert status == 1
    assert " times: answer: RuntimeError in test_session.py:fail\n" in capsys.readouterr().out
