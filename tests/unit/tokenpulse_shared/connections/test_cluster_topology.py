"""Tests of what is known of a cluster's nodes."""

from typing import Any

import pytest
import redis
from redis.exceptions import ClusterDownError

from tests.support.clock import FakeClock
from tokenpulse_shared.connections.cluster_topology import (
    PAUSE_SECONDS,
    REFRESH_SECONDS,
    RENEW_SECONDS,
    Topology,
)

SEED, OTHER_SEED = ("seed", 1), ("other", 1)
A, B, REPLICA = ("a", 1), ("b", 1), ("r", 1)
REPLY: list[Any] = [[0, 8000, [b"a", 1], [b"r", 1]], [8001, 16383, [b"b", 1]]]
LOST = redis.ConnectionError("lost")


@pytest.fixture
def clock() -> FakeClock:
    """Give a clock that stands still."""
    return FakeClock()


@pytest.fixture
def topology(clock: FakeClock) -> Topology:
    """Give a topology of two seeds."""
    return Topology((SEED, OTHER_SEED), clock.monotonic)


def test_the_seeds_are_asked_until_one_tells(topology: Topology) -> None:
    """Then the masters come first, the replicas and the seeds behind them."""
    assert topology.is_due()
    assert topology.candidates() == [SEED, OTHER_SEED]

    topology.nobody_told()

    assert topology.is_due()

    topology.take(REPLY, SEED)

    assert not topology.is_due()
    assert topology.slots is not None
    assert topology.slots.owner(16383) == B
    assert topology.candidates() == [A, B, REPLICA, SEED, OTHER_SEED]
    assert topology.nodes == {A, B, REPLICA, SEED, OTHER_SEED}


def test_a_node_that_knows_no_slots_is_no_help(topology: Topology) -> None:
    """Its answer is an error like any other, the next node is asked."""
    with pytest.raises(ClusterDownError):
        topology.take([], SEED)

    assert topology.slots is None


def test_a_moved_slot_is_noted_at_once(topology: Topology, clock: FakeClock) -> None:
    """The rest of the map is asked for soon, not at once."""
    topology.learn([(5, B)])
    topology.take(REPLY, SEED)
    topology.learn([])

    assert not topology.is_due()

    topology.learn([(5, B)])

    assert topology.slots is not None
    assert topology.slots.owner(5) == B
    assert not topology.is_due()

    clock.advance(REFRESH_SECONDS)

    assert topology.is_due()

    topology.nobody_told()

    assert not topology.is_due()


def test_a_node_that_failed_is_passed_over_for_a_while(topology: Topology, clock: FakeClock) -> None:
    """It is asked last, again after the pause, first again once it answered; a failure in the pause is no new one."""
    topology.take(REPLY, SEED)
    topology.failed(A, LOST)

    assert (topology.pause(A), topology.pause(B)) == (LOST, None)
    assert topology.candidates() == [B, REPLICA, SEED, OTHER_SEED, A]

    clock.advance(PAUSE_SECONDS / 2)
    topology.failed(B, redis.TimeoutError())
    topology.failed(A, redis.TimeoutError())

    assert topology.candidates()[-2:] == [A, B]
    assert topology.pause(A) is LOST

    clock.advance(PAUSE_SECONDS / 2)

    assert topology.pause(A) is None

    topology.worked(A)
    topology.worked(A)

    assert topology.failed_at(A) == float("-inf")
    assert topology.is_due()


def test_nodes_that_left_are_forgotten(topology: Topology) -> None:
    """What is remembered of failures does not outgrow the cluster."""
    topology.take(REPLY, SEED)
    topology.failed(REPLICA, LOST)
    topology.take([[0, 16383, [b"b", 1]]], SEED)

    assert topology.failed_at(REPLICA) == float("-inf")
    assert topology.nodes == {B, SEED, OTHER_SEED}


def test_the_map_is_renewed_without_a_cause(topology: Topology, clock: FakeClock) -> None:
    """Nodes that joined are learned while those that were there still tell."""
    topology.take(REPLY, SEED)
    clock.advance(RENEW_SECONDS - 0.1)

    assert not topology.is_due()

    clock.advance(0.1)

    assert topology.is_due()

    topology.nobody_told()

    assert not topology.is_due()
