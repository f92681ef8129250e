"""A response four times as long may take some four times the time, and no more memory."""

from collections.abc import Callable
from dataclasses import replace
from itertools import accumulate, chain, repeat
from random import Random

import pytest

from tests.fuzz import growth
from tests.fuzz.broken import BrokenPromiseError
from tests.fuzz.case import Case
from tests.fuzz.growth import MORE_RUNS, RUNS, check_growth, growth_case
from tests.support.talk import framed
from tests.support.talk_bedrock import ANTHROPIC

STREAM = Case(
    growth.GROWTH,
    ANTHROPIC.path,
    b"{}",
    framed("sse", ANTHROPIC.events),
    headers=((b"content-type", b"text/event-stream"),),
    cuts=(0, 200),
    folds=(16_000,),
)


@pytest.fixture(autouse=True)
def _shorter(monkeypatch: pytest.MonkeyPatch) -> None:
    """Grow less: the lengths matter to the command alone."""
    monkeypatch.setattr(growth, "SMALL_BYTES", 20_000)
    monkeypatch.setattr(growth, "LARGE_BYTES", 80_000)


def told(*runs: float) -> Callable[[], float]:
    """Return a clock by which each run takes what is said."""
    times = accumulate(chain.from_iterable((0.0, seconds) for seconds in runs))
    return lambda: next(times)


def test_linear_time_is_right() -> None:
    """Four times the time, and some noise once, is no finding."""
    assert check_growth(STREAM, told(0.1, 0.1, 0.5, 0.4)) is None


def test_noise_is_measured_again() -> None:
    """A factor that is too large is believed only if it stays."""
    runs = [0.1] * RUNS + [2.0] * RUNS + [0.1] * MORE_RUNS + [0.7] * MORE_RUNS

    assert check_growth(STREAM, told(*runs)) is None


def test_quadratic_time_is_found() -> None:
    """Sixteen times the time for four times the length is refused, with the figures."""
    runs = [0.1] * RUNS + [1.6] * RUNS + [0.1] * MORE_RUNS + [1.6] * MORE_RUNS

    with pytest.raises(BrokenPromiseError, match=r"time is not linear: 0\.1000 s for 20000 bytes, 1\.6000 s"):
        check_growth(STREAM, told(*runs))


def test_memory_that_grows_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is held of a response must not follow its length; a body in one piece is the app's own."""
    peaks = iter([100_000, 5_000_000])
    monkeypatch.setattr(growth, "_peak_bytes", lambda case, length: next(peaks))

    with pytest.raises(BrokenPromiseError, match="memory is not bounded"):
        check_growth(STREAM, told(*repeat(0.1, 2 * RUNS)))
    assert check_growth(replace(STREAM, folds=(growth.LARGE_BYTES,)), told(*repeat(0.1, 2 * RUNS))) is None


def test_any_part_can_be_repeated() -> None:
    """The part to repeat lies in the body; of an empty body there is one all the same."""
    for seed in range(300):
        case = growth_case(Random(seed), replace(STREAM, body=STREAM.body[: seed % 3 * 50]))
        start, end = case.cuts

        assert 0 <= start <= end <= len(case.body)
    assert check_growth(replace(STREAM, body=b"", cuts=(0, 0)), told(*repeat(0.1, 2 * RUNS))) is None
