"""Tests of the calls that wait for their batches."""

from tokenpulse.batches.batch_calls import BatchCalls
from tokenpulse.batches.numbered_batch import Group
from tokenpulse.batches.operations import Calls

P, Q = Group("provider", "p"), Group("provider", "q")


def test_calls_are_given_once_their_batch_is_in_redis() -> None:
    """Those of a batch in flight wait; those of all before it come together, by model, each once."""
    held = BatchCalls()
    held.put(P, [Calls("a", 1, 2, 2), Calls("b", 0, 1, 1)])
    assert held.take(P, is_in_flight=True) == []

    held.put(P, [Calls("a", 0, 3, 3)])
    held.put(P, [Calls("a", 4, 0, 0)])

    assert held.take(Q, is_in_flight=False) == []
    assert held.take(P, is_in_flight=True) == [Calls("a", 1, 5, 5), Calls("b", 0, 1, 1)]
    assert held.take(P, is_in_flight=False) == [Calls("a", 4, 0, 0)]
    assert held.take(P, is_in_flight=False) == []
