"""The board of health scores over hours of simulated traffic: steady when the traffic is, quick when a provider dies."""

from tests.support.boards import LATENCY_SECONDS, minute, window
from tests.support.simulated_fleet import run_fleet
from tests.support.simulated_providers import Incident, Profile
from tokenpulse_shared.health.health_calls import Minute
from tokenpulse_shared.health.score_board import compute_board, is_overtaken, provider_minutes

HOURS = 6
DEATH = Incident(9_030.0, 1_800.0, 1.0, 0.05)
SLOW_DEATH = Incident(9_050.0, 1_800.0, 1.0, 12.0)


def test_scores_are_steady_and_deaths_are_told() -> None:
    """Moves below 5 points in 5 minutes, no status that flaps, `unhealthy` within 2 minutes, then back again."""
    steady = [
        Profile("rare", 2.0, 0.02, 3.0),
        Profile("usual", 20.0, 0.10, 5.0),
        Profile("busy", 300.0, 0.02, 1.0),
        Profile("edge", 20.0, 0.20, 2.0),
    ]
    mortal = [
        Profile("fast", 10.0, 0.02, 2.0, incidents=(DEATH,)),
        Profile("slow", 60.0, 0.02, 2.0, incidents=(SLOW_DEATH,)),
    ]
    told = run_fleet([*steady, *mortal], HOURS / 24, 11)

    assert all(len(told[profile.name].moves()) > 280 for profile in steady)
    assert max(move for history in told.values() for move in history.moves()) < 5.0
    assert sum(history.changes_of_status() for history in told.values()) <= 1
    for profile in mortal:
        (incident,) = profile.incidents
        dead_after = told[profile.name].seconds_to("unhealthy", incident)
        back_after = told[profile.name].seconds_back_to("healthy", incident)
        assert dead_after is not None
        assert dead_after <= 120.0
        assert back_after is not None
        assert back_after <= 600.0


NOW = 1_700_000_070.0
START = 1_700_000_040


def test_a_board_holds_every_provider_by_name() -> None:
    windows = [
        window("b", NOW, minute(START, 98, 2)),
        window("a", NOW),
    ]
    board = compute_board(provider_minutes(windows), NOW, 10.0, None, source="leader", term=4)
    health = board.providers["b"].health

    assert list(board.providers) == ["a", "b"]
    assert (board.computed_at, board.source, board.term) == (NOW, "leader", 4)
    assert (health.score, health.status, health.average_latency_seconds) == (92.6, "healthy", LATENCY_SECONDS)
    assert board.providers["a"].health.status == "unknown"
    assert {held.source for held in board.providers.values()} == {"leader"}


def test_a_board_is_overtaken_by_what_is_new_known_or_dead() -> None:
    """Faults among many successes are not looked at closer; who is dead already is no news."""
    calm: list[Minute] = [minute(START - 60, 200, 2)]
    board = compute_board({"p": calm, "quiet": [minute(START, 1, 0)]}, NOW, 10.0, None)
    quiet = [minute(START, 1, 0)]
    dead = {"p": [*calm, minute(START, 0, 250)], "quiet": quiet}

    assert not is_overtaken(board, {"p": calm, "quiet": quiet}, NOW)
    assert not is_overtaken(board, {"p": [minute(START, 20, 10)]}, NOW)
    assert is_overtaken(board, {"p": calm, "new": []}, NOW)
    assert is_overtaken(board, {"quiet": [minute(START, 5, 0)]}, NOW)
    assert is_overtaken(board, dead, NOW)
    assert not is_overtaken(compute_board(dead, NOW, 10.0, board), dead, NOW)
