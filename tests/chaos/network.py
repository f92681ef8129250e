"""Break the network between writers and servers, again and again, in a thread."""

import threading
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Final, Self

from tests.support.chaos_proxy import FAULTS, ChaosProxy

BLACKHOLE_SECONDS: Final = 1.5
_PAUSE_SECONDS: Final = 0.15
_BLACKHOLE_SHARE: Final = 0.03


class NetworkTrouble:
    """Break exchanges through proxies that share a plan for as long as the `with` block lasts."""

    def __init__(self, proxies: Sequence[ChaosProxy], chance: Random) -> None:
        self._proxies = proxies
        self._chance = chance
        self._blackholes = 0
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    @property
    def happened(self) -> Counter[str]:
        """Return what broke so far, by kind."""
        return self._proxies[0].plan.done + Counter(blackhole=self._blackholes)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._is_over.set()
        self._thread.join()
        self._proxies[0].plan.break_next(None)

    def _run(self) -> None:
        while not self._is_over.wait(_PAUSE_SECONDS):
            if self._chance.random() < _BLACKHOLE_SHARE:
                proxy = self._chance.choice(self._proxies)
                proxy.is_blackhole.set()
                self._is_over.wait(BLACKHOLE_SECONDS)
                proxy.is_blackhole.clear()
                self._blackholes += 1
            else:
                self._proxies[0].plan.break_next(self._chance.choice(FAULTS))
