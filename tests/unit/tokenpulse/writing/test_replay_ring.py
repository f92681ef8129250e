"""Tests of how long batches are remembered, and in how much memory."""

import random

import pytest

from tests.bench.many_series import ManySeries
from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.batches.batch import ProviderBatch
from tokenpulse.batches.numbered_batch import Batch, Group
from tokenpulse.flushing.provider_feed import BATCH_FIELDS
from tokenpulse.writing import replay_ring
from tokenpulse.writing.replay_ring import RING_SECONDS, ReplayRing
from tokenpulse_shared.keyspace import Keyspace

GROUP = Group("provider", "p")


def _batch(sequence: int, payload: bytes = b"x" * 1000, group: Group = GROUP) -> Batch:
    return Batch(group, f"guard:{group.name}", sequence - 1, sequence, payload, 1)


def test_batches_come_back_as_they_were() -> None:
    """In order, those of the group that come later; other groups' stay out."""
    ring = ReplayRing()
    other = Group("http", "app")
    for sequence in (1, 2, 3):
        ring.add(_batch(sequence), 0.0)
    ring.add(_batch(1, group=other), 0.0)

    assert ring.after(GROUP, 1) == [_batch(2), _batch(3)]
    assert ring.after(GROUP, 3) == []
    assert ring.groups() == {GROUP: "guard:p", other: "guard:app"}


def test_old_batches_are_forgotten() -> None:
    """What is older than the last by more than the ring's time is gone, the youngest of them stays."""
    ring = ReplayRing()
    for at in (0.0, 1.0, RING_SECONDS + 1.0):
        ring.add(_batch(int(at) + 1), at)

    assert [batch.sequence for batch in ring.after(GROUP, 0)] == [2, int(RING_SECONDS) + 2]


def test_bytes_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """The oldest make room; a batch that is too large for the ring alone is not kept."""
    monkeypatch.setattr(replay_ring, "RING_BYTES", 3000)
    ring, source = ReplayRing(), random.Random(1)
    for sequence in (1, 2, 3):
        ring.add(_batch(sequence, source.randbytes(1100)), 0.0)
    kept = [batch.sequence for batch in ring.after(GROUP, 0)]
    ring.add(_batch(4, source.randbytes(3001)), 0.0)

    assert kept == [2, 3]
    assert ring.after(GROUP, 0) == []


def test_a_copy_goes_its_own_way() -> None:
    """What is added to one, or forgotten by it, is not by the other."""
    ring = ReplayRing()
    ring.add(_batch(1), 0.0)
    twin = ring.copy()
    twin.add(_batch(2), 0.0)
    ring.clear()

    assert [batch.sequence for batch in twin.after(GROUP, 0)] == [1, 2]
    assert (ring.after(GROUP, 0), ring.groups()) == ([], {})


def _payloads(traffic: ManySeries) -> list[tuple[Group, bytes]]:
    """Return the batches of one second in which each series had a request."""
    aggregator, made = Aggregator(max_providers=100, max_models=200), []
    for _ in range(traffic.series):
        aggregator.fold(traffic.next(), 1e9)
    for provider in aggregator.waiting():
        delta = aggregator.take(provider)
        assert delta is not None
        for part in delta.split(BATCH_FIELDS):
            payload, _ = ProviderBatch(Keyspace(), provider, 1e9).build(part)
            made.append((Group("provider", provider), payload))
    return made


def test_a_minute_of_300_busy_series_fits() -> None:
    """Each of them with a request in every second: after sixty flushes the first batches are still there."""
    traffic, ring = ManySeries(10, 30), ReplayRing()
    seconds = [_payloads(traffic) for _ in range(5)]
    for at in range(int(RING_SECONDS)):
        for group, payload in seconds[at % len(seconds)]:
            ring.add(_batch(at + 1, payload, group), float(at))

    assert all(ring.after(Group("provider", f"provider-{at}"), 0)[0].sequence == 1 for at in range(10))
