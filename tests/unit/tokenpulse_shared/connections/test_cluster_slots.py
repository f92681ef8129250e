"""Tests of which node a command belongs to."""

from typing import Any

import pytest

from tokenpulse_shared.connections.cluster_slots import SlotMap, parse_slots, slot_of
from tokenpulse_shared.keyspace import Keyspace

A, B, C = ("10.0.0.1", 7000), ("10.0.0.2", 7000), ("10.0.0.3", 7000)
FOO_SLOT = 12182
"""What CLUSTER KEYSLOT answers for `foo`."""


@pytest.mark.parametrize(
    "command",
    [
        ("GET", "foo"), ("GET", b"foo"), ("HGET", "{foo}:bar", "f"), ("ZRANGE", "x{foo}y{z}", 0, -1),
        ("EVALSHA", "digest", 1, "foo", "bar"), ("EVAL", "return 1", 1, b"a{foo}"), ("SET", "foo", 1.5),
    ],
)  # fmt: skip
def test_the_first_key_decides(command: Any) -> None:
    """Of a key with braces only what they hold; a script's key comes behind its text."""
    assert slot_of(command) == FOO_SLOT


@pytest.mark.parametrize(
    "command", [("TIME",), ("PING",), ("INFO", "memory"), ("CONFIG GET", "maxmemory"), ("MULTI",)]
)
def test_commands_without_a_key_belong_to_no_node(command: Any) -> None:
    """Any node can answer them."""
    assert slot_of(command) is None


def test_all_keys_of_a_provider_are_in_one_slot() -> None:
    """Whatever braces its name or its models' names hold."""
    keys = Keyspace()
    for provider in ("groq", "a{b}c", "{}", "%"):
        built = (
            keys.totals(provider),
            keys.totals(provider, "{x}"),
            keys.open_windows(provider),
            keys.errors(provider),
        )

        assert len({slot_of(("GET", key)) for key in built}) == 1


def test_a_map_knows_owners_and_masters() -> None:
    """Slots outside the ranges have none; a moved slot has its new one."""
    slots = SlotMap([(100, 200, B), (0, 99, A), (300, 300, A)])

    assert slots.masters == (A, B)
    assert [slots.owner(slot) for slot in (0, 99, 100, 200, 201, 300, 16383)] == [A, A, B, B, None, A, None]

    slots.move(150, C)

    assert [slots.owner(slot) for slot in (149, 150, 151)] == [B, C, B]


def test_cluster_slots_is_read() -> None:
    """The first node of a range is its master; a node without a name is the one that was asked."""
    slots, nodes = parse_slots(
        [
            [0, 5460, [b"10.0.0.1", 7000, b"id", []], [b"10.0.0.3", 7000, b"id", []]],
            [5461, 16383, [None, 7002, b"id"], [b"", 7003, b"id"], [b"?", 7004, b"id"]],
        ],
        ("asked.example", 6379),
    )

    assert (slots.owner(0), slots.owner(16383)) == (A, ("asked.example", 7002))
    assert nodes == (A, C, ("asked.example", 7002), ("asked.example", 7003), ("asked.example", 7004))


@pytest.mark.parametrize(
    "reply", [None, [], [[0, 5460]], [[0]], b"OK", [[b"x", 1, [b"h", 1]]], [[0, 1, [b"h"]]]]
)
def test_what_is_no_map_is_refused(reply: Any) -> None:
    """A node that is in no cluster, or something else altogether."""
    with pytest.raises(ValueError, match="CLUSTER SLOTS"):
        parse_slots(reply, A)
