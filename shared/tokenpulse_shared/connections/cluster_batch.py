"""Follow one batch of commands through the nodes of a Redis Cluster; no I/O.

Strategy: commands go to the nodes their keys belong to, in rounds; a node's error reply may send one elsewhere.
What is answered MOVED or ASK was not done, so it is safe to send again; what was sent to a node that then failed
is not, and is answered with the failure: whoever sent it decides. What never reached its node is sent again when
another node has taken over.
Invariants: each command ends with one reply, in order. A script never follows ASK: its slot is on the move, and
some of its keys may still be where it came from. The commands of an atomic batch that share a slot run as one
transaction; those of different slots cannot.
Bounds: `MAX_ROUNDS` rounds; a transaction waits for a moving slot `MOVING_WAITS` times, then is read key by key:
scripts refuse to change such a slot, so that nothing writes meanwhile.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from redis.exceptions import ClusterDownError, InvalidResponse, ResponseError, TryAgainError

from tokenpulse_shared.connections.cluster_replies import Redirect, parse_redirect, refusal_code
from tokenpulse_shared.connections.cluster_slots import SCRIPT_COMMANDS, Command, SlotMap, slot_of
from tokenpulse_shared.connections.many_hosts_url import Host

MAX_ROUNDS: Final = 8
MOVING_WAITS: Final = 3
WAIT_SECONDS: Final = 0.02
"""How long to wait for a moving slot before asking again: most slots move in a few milliseconds."""


class Unit:
    """Hold commands that go to a node together: one, or a transaction's."""

    __slots__ = ("asked", "failure", "is_atomic", "places", "slot", "unreached", "waits")

    def __init__(self, slot: int | None, places: list[int], *, is_atomic: bool) -> None:
        self.slot = slot
        self.places = places
        self.is_atomic = is_atomic
        self.asked: Host | None = None
        self.unreached: set[Host] = set()
        self.failure: Exception | None = None
        self.waits = 0


class ClusterBatch:
    """Hold a batch while it is answered; `moved` is what was learned of slots since it was last cleared."""

    def __init__(self, commands: Sequence[Command], *, is_atomic: bool) -> None:
        self.replies: list[Any] = [None] * len(commands)
        self.moved: list[tuple[int, Host]] = []
        self.should_wait = False
        self._commands = commands
        self._waiting: list[Unit] = _units(commands, is_atomic=is_atomic)

    def next_round(self, slots: SlotMap) -> dict[Host, list[Unit]]:
        """Return what to send to which node now; empty once everything is answered."""
        parts: dict[Host, list[Unit]] = {}
        waiting, self._waiting, self.should_wait = self._waiting, [], False
        for unit in waiting:
            node = unit.asked or _node(unit, slots)
            if node is None or node in unit.unreached:
                self._settle(unit, unit.failure or ClusterDownError("no node serves the slot"))
            else:
                parts.setdefault(node, []).append(unit)
        return parts

    def wire(self, units: Iterable[Unit]) -> list[Command]:
        """Return the commands to send for the units, in order."""
        commands: list[Command] = []
        for unit in units:
            if unit.asked is not None:
                commands.append(("ASKING",))
            of_unit = [self._commands[place] for place in unit.places]
            commands += [("MULTI",), *of_unit, ("EXEC",)] if unit.is_atomic else of_unit
        return commands

    def take(self, node: Host, units: Iterable[Unit], replies: Iterable[Any]) -> None:
        """Take the replies to `wire(units)`, in order; error replies as `ResponseError`."""
        given = iter(replies)
        for unit in units:
            if unit.asked is not None:
                next(given)
            if unit.is_atomic:
                said = [next(given) for _ in range(len(unit.places) + 2)]
                self._take_transaction(node, unit, said)
            else:
                self._take_one(node, unit, next(given))

    def fail(self, units: Iterable[Unit], error: Exception) -> None:
        """Answer the units with the failure of a node that had been sent them."""
        for unit in units:
            self._settle(unit, error)

    def not_sent(self, node: Host, units: Iterable[Unit], error: Exception) -> None:
        """Have the units sent elsewhere if another node has them: this one was not reached."""
        for unit in units:
            unit.unreached.add(node)
            unit.failure, unit.asked = error, None
            self._waiting.append(unit)

    def give_up(self) -> None:
        """Answer what still waits with what it met last."""
        waiting, self._waiting = self._waiting, []
        for unit in waiting:
            self._settle(unit, unit.failure or TryAgainError("slots are moving"))

    def _settle(self, unit: Unit, reply: Exception) -> None:
        for place in unit.places:
            self.replies[place] = reply

    def _take_one(self, node: Host, unit: Unit, reply: Any) -> None:
        redirect = parse_redirect(reply, node) if isinstance(reply, ResponseError) else None
        (place,) = unit.places
        if redirect is None:
            self.replies[place] = reply
        elif redirect.is_final:
            self._follow(unit, redirect)
        elif self._commands[place][0] in SCRIPT_COMMANDS:
            self.replies[place] = TryAgainError("the slot is moving")
        else:
            unit.asked = redirect.node
            self._waiting.append(unit)

    def _take_transaction(self, node: Host, unit: Unit, said: list[Any]) -> None:
        done = said[-1]
        if isinstance(done, list):
            for place, reply in zip(unit.places, done, strict=True):
                self.replies[place] = reply
            return
        refusals = [reply for reply in said if isinstance(reply, ResponseError)]
        redirects = [found for refusal in refusals if (found := parse_redirect(refusal, node)) is not None]
        is_moving = any(refusal_code(refusal) == "TRYAGAIN" for refusal in refusals)
        if redirects and redirects[0].is_final:
            self._follow(unit, redirects[0])
        elif not (redirects or is_moving):
            odd = InvalidResponse("EXEC was answered without replies")
            self._settle(unit, refusals[0] if refusals else odd)
        elif unit.waits < MOVING_WAITS:
            unit.waits += 1
            self.should_wait = True
            self._waiting.append(unit)
        else:
            self._waiting += [Unit(unit.slot, [place], is_atomic=False) for place in unit.places]

    def _follow(self, unit: Unit, redirect: Redirect) -> None:
        self.moved.append((redirect.slot, redirect.node))
        unit.asked = None
        self._waiting.append(unit)


def _units(commands: Sequence[Command], *, is_atomic: bool) -> list[Unit]:
    slots = [slot_of(command) for command in commands]
    if not is_atomic:
        return [Unit(slot, [place], is_atomic=False) for place, slot in enumerate(slots)]
    together: dict[int | None, list[int]] = {}
    for place, slot in enumerate(slots):
        together.setdefault(slot, []).append(place)
    return [Unit(slot, places, is_atomic=True) for slot, places in together.items()]


def _node(unit: Unit, slots: SlotMap) -> Host | None:
    if unit.slot is not None:
        return slots.owner(unit.slot)
    return next((node for node in slots.masters if node not in unit.unreached), None)
