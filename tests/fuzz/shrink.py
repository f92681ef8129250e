"""Make a case that fails smaller, so that a person can read it."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import accumulate
from typing import Final

from tests.fuzz.case import Case

MAX_TRIES: Final = 400
"""Most tries; a try takes a millisecond or so."""


def shrunk(case: Case, fails: Callable[[Case], bool]) -> Case:
    """Return a smaller case that still fails, the case itself if none was found."""
    for tries, smaller in enumerate(_until_nothing_helps(case, fails)):
        case = smaller
        if tries >= MAX_TRIES:
            break
    return case


def _cut_at_folds(case: Case) -> Case:
    """Return the case in as few pieces as have the same folds."""
    lengths = list(accumulate(map(len, case.pieces())))
    places = tuple(lengths[fold] for fold in case.folds if fold < len(lengths))
    return replace(case, cuts=places, folds=tuple(range(len(places))))


SIMPLIFICATIONS: Final[tuple[Callable[[Case], Case], ...]] = (
    lambda case: replace(case, cuts=(), folds=()),
    lambda case: replace(case, folds=()),
    _cut_at_folds,
    lambda case: replace(case, cuts=case.cuts[:1]),
    lambda case: replace(case, asked=b""),
    lambda case: replace(case, headers=case.headers[:1]),
)


def _until_nothing_helps(case: Case, fails: Callable[[Case], bool]) -> Iterator[Case]:
    """Give the smallest failing case so far, once for every try."""
    for simplify in SIMPLIFICATIONS:
        simpler = simplify(case)
        case = simpler if simpler != case and fails(simpler) else case
        yield case
    size = len(case.body) // 2
    while size:
        start = 0
        while start < len(case.body):
            shorter = replace(case, body=case.body[:start] + case.body[start + size :])
            if fails(shorter):
                case = shorter
            else:
                start += size
            yield case
        size //= 2
