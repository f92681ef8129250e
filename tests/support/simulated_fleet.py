"""Run the board of health scores over simulated days of traffic, and say what it did."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from random import Random
from typing import Final

from tests.support.simulated_providers import SLICE_SECONDS, Incident, Profile, SimulatedProvider
from tokenpulse_shared.health.health_calls import Calls, Minute
from tokenpulse_shared.health.score_board import ScoreBoard, compute_board, is_overtaken
from tokenpulse_shared.scoring import compute_health

BOARD_SECONDS: Final = 60
ACCEPTABLE_SECONDS: Final = 10.0
WARM_UP_SECONDS: Final = 3600.0
"""The first hour has no hour before it."""
MOVE_BOARDS: Final = 5
"""Boards between the two scores of a move: five minutes."""


@dataclass(frozen=True, slots=True)
class Told:
    """Hold what a board said of a provider, at epoch seconds; `plain_score`: the formula over just five minutes."""

    at: float
    score: float
    status: str
    plain_score: float


@dataclass(slots=True)
class History:
    """Hold a provider's boards in order: `regular` the one of each minute, `all` with those made in between."""

    profile: Profile
    regular: list[Told] = field(default_factory=list)
    all: list[Told] = field(default_factory=list)

    def moves(self) -> list[float]:
        """Return how far the score moved in each five minutes of steady traffic, points."""
        return [abs(later.score - earlier.score) for earlier, later in self._pairs()]

    def plain_moves(self) -> list[float]:
        """Return how far the formula over just five minutes moved in the same times."""
        return [abs(later.plain_score - earlier.plain_score) for earlier, later in self._pairs()]

    def changes_of_status(self) -> int:
        """Return how often the status changed in steady traffic, to or from unknown not counted."""
        return sum(
            one.status != other.status and "unknown" not in (one.status, other.status)
            for one, other in pairwise(self.all)
            if self._is_steady(one.at, other.at)
        )

    def seconds_to(self, status: str, incident: Incident) -> float | None:
        """Return how long after the incident's begin the status was first told; None when it never was in it."""
        return self._first(status, incident.start, incident.start + incident.seconds)

    def seconds_back_to(self, status: str, incident: Incident) -> float | None:
        """Return how long after the incident's end the status was first told."""
        end = incident.start + incident.seconds
        return self._first(status, end, end + 7200.0)

    def _first(self, status: str, begin: float, end: float) -> float | None:
        return next(
            (told.at - begin for told in self.all if begin <= told.at < end and told.status == status), None
        )

    def _pairs(self) -> Iterator[tuple[Told, Told]]:
        for earlier, later in zip(self.regular, self.regular[MOVE_BOARDS:], strict=False):
            is_known = "unknown" not in (earlier.status, later.status)
            if is_known and self._is_steady(earlier.at, later.at):
                yield earlier, later

    def _is_steady(self, begin: float, end: float) -> bool:
        """Tell whether no incident was within the hour before, in which a window may still hold it."""
        return begin >= WARM_UP_SECONDS and all(
            end <= incident.start or begin >= incident.start + incident.seconds + 3600.0
            for incident in self.profile.incidents
        )


def run_fleet(profiles: Sequence[Profile], days: float, seed: int) -> dict[str, History]:
    """Return what the boards of so many days said of each provider, by name.

    Boards are computed as a leader does: one a minute, and at once when one is overtaken, which is looked at every
    `SLICE_SECONDS`, five times as rarely as the reader does. Minutes reach it as the store has them, the current one
    as far as it is.
    """
    providers = [SimulatedProvider(profile, Random(f"{seed} {profile.name}")) for profile in profiles]
    histories = {profile.name: History(profile) for profile in profiles}
    board: ScoreBoard | None = None
    for turn in range(int(days * 86_400 / SLICE_SECONDS)):
        now = float(turn * SLICE_SECONDS)
        for provider in providers:
            provider.advance(now)
        now += SLICE_SECONDS - 0.001
        minutes = {provider.profile.name: list(provider.minutes) for provider in providers}
        is_regular = turn % (BOARD_SECONDS // SLICE_SECONDS) == 0
        if is_regular or board is None or is_overtaken(board, minutes, now):
            board = _computed(minutes, now, board, histories, is_regular=is_regular)
    return histories


def _computed(
    minutes: dict[str, list[Minute]],
    now: float,
    previous: ScoreBoard | None,
    histories: dict[str, History],
    *,
    is_regular: bool,
) -> ScoreBoard:
    board = compute_board(minutes, now, ACCEPTABLE_SECONDS, previous)
    for name, held in board.providers.items():
        plain = Calls.of(minute for minute in minutes[name] if minute.start >= now // 60 * 60 - 300)
        plain_score = compute_health(
            plain.successes, plain.faults, plain.average_latency_seconds, ACCEPTABLE_SECONDS
        ).score
        told = Told(now, held.health.score, held.health.status, plain_score)
        histories[name].all.append(told)
        if is_regular:
            histories[name].regular.append(told)
    return board
