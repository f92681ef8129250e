"""Keep what is known of a Redis Cluster's nodes: who serves what, who answers, whom to ask; no I/O.

Strategy: the map of slots is asked for when there is none, and when a node failed or sent us elsewhere, at most
every `REFRESH_SECONDS`; what a MOVED reply says is noted at once. Else it is asked for every `RENEW_SECONDS`: nodes
that joined must be known before those that we know are gone. A node that failed is passed over for
`PAUSE_SECONDS`, so that one dead node does not use up the time of those that live.
Bound: the nodes of the last map, and the seeds.
"""

import time
from collections.abc import Callable, Iterable
from typing import Any, Final

from redis.exceptions import ClusterDownError

from tokenpulse_shared.connections.cluster_slots import SlotMap, parse_slots
from tokenpulse_shared.connections.many_hosts_url import Host

REFRESH_SECONDS: Final = 0.5
RENEW_SECONDS: Final = 30.0
PAUSE_SECONDS: Final = 0.5
"""Shorter than a flush interval: a node is tried again with every flush."""


class Topology:
    """Know the nodes; `monotonic` returns seconds."""

    def __init__(self, seeds: tuple[Host, ...], monotonic: Callable[[], float] = time.monotonic) -> None:
        self._seeds = seeds
        self._monotonic = monotonic
        self._nodes: tuple[Host, ...] = ()
        self._is_stale = True
        self._asked_at = float("-inf")
        self._failures: dict[Host, tuple[float, Exception]] = {}
        self.slots: SlotMap | None = None
        """None until a node has told."""

    @property
    def nodes(self) -> frozenset[Host]:
        """Return every node there may be a connection to."""
        return frozenset((*self._nodes, *self._seeds))

    def is_due(self) -> bool:
        """Tell whether to ask for the map now."""
        if self.slots is None:
            return True
        after_seconds = REFRESH_SECONDS if self._is_stale else RENEW_SECONDS
        return self._monotonic() - self._asked_at >= after_seconds

    def candidates(self) -> list[Host]:
        """Return whom to ask for the map, in order: those that answered, then those that failed, the latest last."""
        known = dict.fromkeys((*(self.slots.masters if self.slots else ()), *self._nodes, *self._seeds))
        return sorted(known, key=self.failed_at)

    def take(self, reply: Any, asked: Host) -> None:
        """Note what CLUSTER SLOTS returned.

        Raises:
            ClusterDownError: the node knows of no slots.
        """
        try:
            self.slots, self._nodes = parse_slots(reply, asked)
        except ValueError as error:
            raise ClusterDownError(str(error)) from error
        self._is_stale = False
        self._asked_at = self._monotonic()
        self._failures = {node: held for node, held in self._failures.items() if node in self.nodes}

    def nobody_told(self) -> None:
        """Note that no node answered; the last map stays in use."""
        self._asked_at = self._monotonic()

    def learn(self, moved: Iterable[tuple[int, Host]]) -> None:
        """Note the slots that were said to have moved."""
        for slot, owner in moved:
            self._is_stale = True
            if self.slots is not None:
                self.slots.move(slot, owner)

    def failed(self, node: Host, error: Exception) -> None:
        """Note that a node could not be reached, or did not answer in time."""
        if self.pause(node) is None:
            self._failures[node] = self._monotonic(), error
        self._is_stale = True

    def worked(self, node: Host) -> None:
        """Note that a node answered."""
        self._failures.pop(node, None)

    def failed_at(self, node: Host) -> float:
        """Return when a node failed last, in monotonic seconds; minus infinity when it works."""
        return self._failures[node][0] if node in self._failures else float("-inf")

    def pause(self, node: Host) -> Exception | None:
        """Return how a node failed, when that was so lately that it is passed over; else None."""
        is_paused = self._monotonic() - self.failed_at(node) < PAUSE_SECONDS
        return self._failures[node][1] if is_paused else None
