"""Tests of where the commands of a batch go, and what becomes of the replies."""

from typing import Any

import pytest
import redis
from redis.exceptions import ClusterDownError, ExecAbortError, ResponseError, TryAgainError

from tokenpulse_shared.connections.cluster_batch import MOVING_WAITS, ClusterBatch, Unit
from tokenpulse_shared.connections.cluster_slots import SlotMap, slot_of

A, B, C = ("a", 1), ("b", 1), ("c", 1)
LOW, HIGH = "{bar}", "{foo}"
"""Keys of slots 5061 and 12182."""
SLOTS = SlotMap([(0, 8191, A), (8192, 16383, B)])
LOST = redis.ConnectionError("lost")
WRONG_TYPE = ResponseError("WRONGTYPE no hash")


def _moved(key: str, to: str = "b:1") -> ResponseError:
    return ResponseError(f"MOVED {slot_of(('GET', key))} {to}")


def _ask(key: str, to: str = "c:1") -> ResponseError:
    return ResponseError(f"ASK {slot_of(('GET', key))} {to}")


def _answer(batch: ClusterBatch, said: dict[Any, list[Any]], slots: SlotMap = SLOTS) -> dict[Any, list[Any]]:
    """Send a round, take what the nodes say; return what was sent to each."""
    parts = batch.next_round(slots)
    sent = {node: batch.wire(units) for node, units in parts.items()}
    for node, units in parts.items():
        batch.take(node, units, said[node])
    return sent


def _is_done(batch: ClusterBatch) -> bool:
    return not batch.next_round(SLOTS)


def test_commands_go_to_their_nodes_and_replies_come_back_in_order() -> None:
    """Each node gets its commands in one piece; what it refused stands in its place."""
    batch = ClusterBatch([("GET", HIGH), ("GET", LOW), ("TIME",), ("SET", LOW, 1)], is_atomic=False)
    sent = _answer(batch, {A: [b"low", [1, 2], WRONG_TYPE], B: [b"high"]})

    assert sent == {A: [("GET", LOW), ("TIME",), ("SET", LOW, 1)], B: [("GET", HIGH)]}
    assert batch.replies == [b"high", b"low", [1, 2], WRONG_TYPE]
    assert _is_done(batch)


def test_a_moved_command_is_sent_where_it_belongs() -> None:
    """It was not done, so it is sent again; the slot's owner is learned."""
    batch = ClusterBatch([("GET", LOW), ("GET", HIGH)], is_atomic=False)
    _answer(batch, {A: [_moved(LOW, "c:1")], B: [b"high"]})

    assert batch.moved == [(5061, C)]

    sent = _answer(batch, {C: [b"low"]}, SlotMap([(0, 16383, C)]))

    assert sent == {C: [("GET", LOW)]}
    assert batch.replies == [b"low", b"high"]


def test_a_command_follows_ask_for_once() -> None:
    """The node that takes the slot over answers it, when it is told that we were sent."""
    batch = ClusterBatch([("GET", LOW)], is_atomic=False)
    _answer(batch, {A: [_ask(LOW)]})
    sent = _answer(batch, {C: [b"OK", _moved(LOW, "a:1")]})

    assert sent == {C: [("ASKING",), ("GET", LOW)]}

    sent = _answer(batch, {A: [b"low"]})

    assert sent == {A: [("GET", LOW)]}
    assert batch.replies == [b"low"]


@pytest.mark.parametrize("name", ["EVAL", "EVALSHA"])
def test_a_script_never_follows_ask(name: str) -> None:
    """Some of its keys may not have arrived there: it is answered that it is to come again."""
    batch = ClusterBatch([(name, "x", 1, LOW)], is_atomic=False)
    _answer(batch, {A: [_ask(LOW)]})

    assert isinstance(batch.replies[0], TryAgainError)
    assert _is_done(batch)


def test_what_may_have_been_done_is_not_sent_again() -> None:
    """A node that failed after it was sent something: its commands are answered with the failure."""
    batch = ClusterBatch([("GET", LOW), ("GET", HIGH)], is_atomic=False)
    parts = batch.next_round(SLOTS)
    batch.fail(parts[A], LOST)
    batch.take(B, parts[B], [b"high"])

    assert batch.replies == [LOST, b"high"]
    assert _is_done(batch)


def test_what_never_reached_its_node_goes_to_the_one_that_took_over() -> None:
    """As long as the map names the same node it is answered with the failure."""
    batch = ClusterBatch([("GET", LOW), ("GET", LOW)], is_atomic=True)
    batch.not_sent(A, batch.next_round(SLOTS)[A], LOST)
    sent = _answer(batch, {C: [b"OK", b"QUEUED", b"QUEUED", [b"1", b"2"]]}, SlotMap([(0, 16383, C)]))

    assert sent == {C: [("MULTI",), ("GET", LOW), ("GET", LOW), ("EXEC",)]}
    assert batch.replies == [b"1", b"2"]

    batch = ClusterBatch([("GET", LOW), ("GET", LOW)], is_atomic=True)
    batch.not_sent(A, batch.next_round(SLOTS)[A], LOST)

    assert _is_done(batch)
    assert batch.replies == [LOST, LOST]


def test_what_any_node_can_answer_is_asked_of_each() -> None:
    """One after the other, until none is left."""
    batch = ClusterBatch([("PING",)], is_atomic=False)
    asked = []
    for _ in range(2):
        [(node, units)] = batch.next_round(SLOTS).items()
        asked.append(node)
        batch.not_sent(node, units, LOST)

    assert asked == [A, B]
    assert _is_done(batch)
    assert batch.replies == [LOST]


def test_a_slot_that_nobody_serves_is_an_error() -> None:
    """The rest of the batch is answered."""
    batch = ClusterBatch([("GET", LOW), ("GET", HIGH)], is_atomic=False)
    _answer(batch, {A: [b"low"]}, SlotMap([(0, 8191, A)]))

    assert batch.replies[0] == b"low"
    assert isinstance(batch.replies[1], ClusterDownError)


def test_an_atomic_batch_is_a_transaction_for_each_slot() -> None:
    """A key of a wrong type is refused in its place, as in any transaction."""
    batch = ClusterBatch([("GET", LOW), ("GET", HIGH), ("GET", f"{LOW}:x")], is_atomic=True)
    sent = _answer(
        batch, {A: [b"OK", b"QUEUED", b"QUEUED", [b"1", WRONG_TYPE]], B: [b"OK", b"QUEUED", [b"2"]]}
    )

    assert sent == {
        A: [("MULTI",), ("GET", LOW), ("GET", f"{LOW}:x"), ("EXEC",)],
        B: [("MULTI",), ("GET", HIGH), ("EXEC",)],
    }
    assert batch.replies == [b"1", b"2", WRONG_TYPE]


@pytest.mark.parametrize(
    "said",
    [[b"OK", _moved(LOW), ExecAbortError("because")], [b"OK", b"QUEUED", _moved(LOW)]],
    ids=["when it was queued", "when it was to run"],
)
def test_a_transaction_that_moved_is_sent_again_whole(said: list[Any]) -> None:
    """Nothing of it was done."""
    batch = ClusterBatch([("GET", LOW)], is_atomic=True)
    _answer(batch, {A: said})

    assert batch.moved == [(5061, B)]
    assert list(batch.next_round(SlotMap([(0, 16383, B)]))) == [B]


@pytest.mark.parametrize(
    ("said", "text"),
    [
        ([b"OK", WRONG_TYPE, ExecAbortError("because")], "WRONGTYPE"),
        ([b"OK", b"QUEUED", ExecAbortError("because")], "because"),
        ([b"OK", b"QUEUED", None], "without replies"),
    ],
)
def test_a_transaction_that_was_refused_is_answered_with_why(said: list[Any], text: str) -> None:
    """The refusal of the command that caused it, if there is one."""
    batch = ClusterBatch([("GET", LOW)], is_atomic=True)
    _answer(batch, {A: said})

    assert text in str(batch.replies[0])
    assert _is_done(batch)


@pytest.mark.parametrize(
    "said",
    [
        [b"OK", b"QUEUED", _ask(f"{LOW}:x"), ExecAbortError("because")],
        [b"OK", b"QUEUED", b"QUEUED", TryAgainError("Multiple keys request", status_code="TRYAGAIN")],
    ],
    ids=["Redis", "Valkey"],
)
def test_a_transaction_waits_for_a_moving_slot_then_goes_key_by_key(said: list[Any]) -> None:
    """Some keys are here, some there; each is found."""
    commands = [("GET", LOW), ("GET", f"{LOW}:x")]
    batch = ClusterBatch(commands, is_atomic=True)
    for _ in range(MOVING_WAITS):
        _answer(batch, {A: said})

        assert batch.should_wait
    _answer(batch, {A: said})

    assert not batch.should_wait

    assert _answer(batch, {A: [b"here", _ask(f"{LOW}:x")]}) == {A: commands}
    assert _answer(batch, {C: [b"OK", b"there"]}) == {C: [("ASKING",), commands[1]]}
    assert batch.replies == [b"here", b"there"]


def test_what_is_sent_to_and_fro_is_given_up() -> None:
    """Whoever sent the batch decides what to do with the rest; a failure that was met is what it is answered with."""
    batch = ClusterBatch([("GET", LOW), ("GET", HIGH)], is_atomic=False)
    parts = batch.next_round(SLOTS)
    batch.take(A, parts[A], [_moved(LOW)])
    batch.not_sent(B, parts[B], LOST)
    batch.give_up()

    assert isinstance(batch.replies[0], TryAgainError)
    assert batch.replies[1] is LOST
    assert _is_done(batch)


def test_units_hold_no_more_than_they_need() -> None:
    """There is one for each command of a large batch."""
    assert not hasattr(Unit(5, [0], is_atomic=False), "__dict__")
