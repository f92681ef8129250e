"""Remember which server is the master, and which sentinel to ask next; no I/O.

Strategy: sentinels are asked in turn, the one that answered last first. One that is silent, or whose answer led
nowhere, goes to the end, so that a dead or a stale one costs a connection attempt once.
"""

from collections.abc import Iterator
from typing import Final

from redis.sentinel import MasterNotFoundError

from tokenpulse_shared.connections.many_hosts_url import Host

QUESTION: Final = ("SENTINEL", "GET-MASTER-ADDR-BY-NAME")


class SentinelDirectory:
    """Know the sentinels of one master; safe to share between connections of one client."""

    def __init__(self, sentinels: tuple[Host, ...], service: str) -> None:
        self.service: Final = service
        self._sentinels = list(sentinels)
        self.last_master: Host | None = None
        """What a sentinel said last; None: none has said anything yet."""

    def turns(self) -> Iterator[tuple[Host, int]]:
        """Yield each sentinel with the number of parts the time left is for: it, those after it, the master."""
        sentinels = tuple(self._sentinels)
        for at, sentinel in enumerate(sentinels):
            yield sentinel, len(sentinels) - at + 1

    def take(self, sentinel: Host, reply: object) -> Host | None:
        """Return the master that the sentinel's reply names; None when it knows none of that name."""
        if not isinstance(reply, list) or len(reply) != 2:
            self.put_last(sentinel)
            return None
        host, port = (part.decode() if isinstance(part, bytes) else str(part) for part in reply)
        self.last_master = host, int(port)
        self._sentinels.remove(sentinel)
        self._sentinels.insert(0, sentinel)
        return self.last_master

    def put_last(self, sentinel: Host) -> None:
        """Ask this sentinel after all others from now on."""
        self._sentinels.remove(sentinel)
        self._sentinels.append(sentinel)

    def distrust(self) -> None:
        """Note that what was said last led nowhere: another sentinel may know better."""
        self._sentinels.append(self._sentinels.pop(0))

    def without_answer(self, silence: Exception | None, *, was_answered: bool) -> Host:
        """Return the last known master when no sentinel answered.

        `silence`: what asking the last silent one raised; `was_answered`: one at least answered that it knows no
        such master.

        Raises:
            Exception: `silence`, when there never was an answer.
            MasterNotFoundError: the sentinels that answered know no such master.
        """
        if was_answered or silence is None:
            raise MasterNotFoundError(f"no sentinel knows a master named {self.service!r}")
        if self.last_master is None:
            raise silence
        return self.last_master
