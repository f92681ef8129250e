"""Run the health scores over simulated days: how far they move, how soon they tell of a death.

Providers with 1 to 600 calls a minute (Poisson), each with a share of faults and log-normal latencies, over simulated
days; a board a minute, more where one is overtaken, as a leader makes them. Steady: no incident within the hour before.
A move is the difference of two scores five minutes apart; beside the greatest stands that of the same formula over just
five minutes.
Deaths: once every six hours a provider's calls all fail, at once or after 12 s, for half an hour. Score alone: no
margin at the edges. --quick: one day instead of seven.
"""

from collections.abc import Sequence
from typing import Final

from tests.bench.table import Figure
from tests.support.simulated_fleet import History, run_fleet
from tests.support.simulated_providers import Incident, Profile

DAYS: Final = 7
SEED: Final = 20_263
MOST_MOVE_POINTS: Final = 5.0
MOST_SECONDS_TO_UNHEALTHY: Final = 120.0
DEATH_EVERY_SECONDS: Final = 6 * 3600.0
DEATH_SECONDS: Final = 1800.0
RARE_DEATHS_RATE: Final = 6.0
"""So few calls that two minutes may pass without enough of them: told, without a target."""
STEADY: Final = tuple(
    Profile(f"{rate:g} calls a minute, {share:.1%} faults, {latency:g} s", rate, share, latency)
    for rate in (2.0, 5.0, 20.0, 100.0, 600.0)
    for share, latency in ((0.002, 1.0), (0.02, 3.0), (0.10, 5.0))
)
RARE: Final = tuple(
    Profile(f"{rate:g} calls a minute, {share:.1%} faults, {latency:g} s", rate, share, latency)
    for rate in (0.5, 1.0)
    for share, latency in ((0.02, 3.0), (0.10, 5.0))
)
EDGES: Final = tuple(
    Profile(f"{rate:g} calls a minute at the edge of {edge}", rate, share, 2.0)
    for rate in (5.0, 20.0, 100.0)
    for edge, share in ((80, 0.20), (50, 0.6286))
)


def mortal(name: str, rate: float, days: float, latency_seconds: float) -> Profile:
    """Return a provider that dies every six hours, 17 s later into a minute each time."""
    times = range(1, int(days * 86_400 / DEATH_EVERY_SECONDS))
    deaths = (DEATH_EVERY_SECONDS * at + 17.0 * at // 10 * 10 for at in times)
    return Profile(
        name,
        rate,
        0.02,
        2.0,
        incidents=tuple(Incident(at, DEATH_SECONDS, 1.0, latency_seconds) for at in deaths),
    )


def measure_health_days(*, is_quick: bool) -> list[Figure]:
    """Return moves in steady traffic, changes of status at the edges, seconds to tell of a death."""
    days = 1 if is_quick else DAYS
    mortals = [
        mortal(f"{rate:g} calls a minute, failing {how}", rate, days, latency)
        for rate in (RARE_DEATHS_RATE, 10.0, 20.0, 100.0, 600.0)
        for how, latency in (("at once", 0.05), ("after 12 s", 12.0))
    ]
    told = run_fleet([*STEADY, *RARE, *EDGES, *mortals], days, SEED)
    return [
        *_moves(told, STEADY, days),
        *(
            _move(told[profile.name], has_target=True)
            for profile in mortals
            if profile.calls_per_minute == 20.0
        ),
        *(_move(told[profile.name], has_target=False) for profile in RARE),
        *(_edge(told[profile.name], days) for profile in EDGES),
        *(_deaths(told[profile.name]) for profile in mortals),
    ]


def _moves(told: dict[str, History], profiles: Sequence[Profile], days: float) -> list[Figure]:
    moves = [move for profile in profiles for move in told[profile.name].moves()]
    most = max(moves)
    whole = Figure(
        f"greatest of {len(moves):,} moves of {len(profiles)} steady providers in {days:g} days",
        f"{most:.2f} points",
        "",
        f"< {MOST_MOVE_POINTS:g}",
        most < MOST_MOVE_POINTS,
    )
    return [whole, *(_move(told[profile.name], has_target=True) for profile in profiles)]


def _move(history: History, *, has_target: bool) -> Figure:
    moves = sorted(history.moves())
    most, plain = moves[-1], max(history.plain_moves())
    return Figure(
        f"greatest move, {history.profile.name}",
        f"{most:.2f} points",
        f"{plain:.1f} by five minutes",
        f"< {MOST_MOVE_POINTS:g}" if has_target else None,
        most < MOST_MOVE_POINTS if has_target else None,
    )


def _edge(history: History, days: float) -> Figure:
    changes = history.changes_of_status()
    alone = sum(
        _side(one.score) != _side(other.score)
        for one, other in zip(history.all, history.all[1:], strict=False)
    )
    return Figure(
        f"changes of status a day, {history.profile.name}",
        f"{changes / days:.2f}",
        f"{alone / days:.0f} by score alone",
    )


def _side(score: float) -> int:
    return (score >= 80.0) + (score >= 50.0)


def _deaths(history: History) -> Figure:
    incidents = history.profile.incidents
    has_target = history.profile.calls_per_minute > RARE_DEATHS_RATE
    waits = [history.seconds_to("unhealthy", incident) for incident in incidents]
    known = [wait for wait in waits if wait is not None]
    most = max(known)
    backs = [history.seconds_back_to("healthy", incident) for incident in incidents]
    back = max(wait for wait in backs if wait is not None)
    is_met = len(known) == len(incidents) and most <= MOST_SECONDS_TO_UNHEALTHY
    return Figure(
        f"{len(known)} of {len(incidents)} deaths told, the slowest after; {history.profile.name}",
        f"{most:.0f} s",
        f"healthy after {back:.0f} s",
        f"≤ {MOST_SECONDS_TO_UNHEALTHY:g} s" if has_target else None,
        is_met if has_target else None,
    )
