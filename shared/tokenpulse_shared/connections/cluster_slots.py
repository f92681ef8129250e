"""Say which node of a Redis Cluster a command belongs to.

A key's slot is its CRC16 (of its hash tag, where it has one) modulo 16,384; a node serves ranges of slots.
"""

from collections.abc import Iterable
from typing import Any, Final

from redis.crc import REDIS_CLUSTER_HASH_SLOTS, key_slot

from tokenpulse_shared.connections.many_hosts_url import Host

Command = tuple[str | int | float | bytes, ...]
"""A command's name, then its arguments."""

SLOTS_QUESTION: Final[Command] = ("CLUSTER", "SLOTS")
SCRIPT_COMMANDS: Final = frozenset(("EVAL", "EVALSHA"))
_KEYLESS_COMMANDS: Final = frozenset(
    ("PING", "ECHO", "TIME", "INFO", "SCRIPT", "CLIENT", "CLUSTER", "FLUSHALL")
)


def slot_of(command: Command) -> int | None:
    """Return the slot of a command's first key; None for a command without one."""
    name = str(command[0])
    if name in SCRIPT_COMMANDS:
        return _slot(command[3])
    if name in _KEYLESS_COMMANDS or " " in name or len(command) < 2:
        return None
    return _slot(command[1])


def _slot(key: str | int | float | bytes) -> int:
    return key_slot(key if isinstance(key, bytes) else str(key).encode())


class SlotMap:
    """Hold the owner of every slot."""

    def __init__(self, ranges: Iterable[tuple[int, int, Host]]) -> None:
        self._owners: list[Host | None] = [None] * REDIS_CLUSTER_HASH_SLOTS
        for first, last, owner in ranges:
            self._owners[first : last + 1] = [owner] * (last + 1 - first)
        self.masters: tuple[Host, ...] = tuple(dict.fromkeys(owner for _, _, owner in sorted(ranges)))
        """The nodes that serve slots, by their first slot."""

    def owner(self, slot: int) -> Host | None:
        """Return the node that serves the slot; None: none does."""
        return self._owners[slot]

    def move(self, slot: int, owner: Host) -> None:
        """Note a slot's new owner."""
        self._owners[slot] = owner


def parse_slots(reply: Any, asked: Host) -> tuple[SlotMap, tuple[Host, ...]]:
    """Return what CLUSTER SLOTS says: the slots' owners, and every node named, replicas included.

    A node that does not know its own name is the one that was `asked`.

    Raises:
        ValueError: the reply is not what CLUSTER SLOTS returns, or names no slot.
    """
    try:
        nodes = [
            (int(first), int(last), [_node(entry, asked) for entry in entries])
            for first, last, *entries in reply
        ]
    except (TypeError, ValueError, IndexError) as error:
        raise ValueError("CLUSTER SLOTS made no sense") from error
    if not nodes or not all(entries for _, _, entries in nodes):
        raise ValueError("CLUSTER SLOTS names no slots")
    slots = SlotMap([(first, last, entries[0]) for first, last, entries in nodes])
    return slots, tuple(dict.fromkeys(node for _, _, entries in nodes for node in entries))


def _node(entry: Any, asked: Host) -> Host:
    host, port = entry[0], int(entry[1])
    name = host.decode() if isinstance(host, bytes) else str(host or "")
    return (asked[0] if name in ("", "?") else name), port
