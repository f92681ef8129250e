"""What chaos needs of a deployment of Redis: a way to it, whether it is well, what can happen to it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from random import Random
from typing import Protocol

from tests.support.chaos_proxy import ChaosProxy, FaultPlan

Disaster = Callable[[Random], None]
"""Happens, is over, and leaves a deployment that becomes well by itself; chance chooses whom it hits."""


class Stage(Protocol):
    """A deployment that writers reach through proxies."""

    @property
    def url(self) -> str:
        """Return the URL through the proxies."""

    @property
    def proxies(self) -> Sequence[ChaosProxy]:
        """Return the proxies; they share one plan of faults."""

    @property
    def disasters(self) -> Mapping[str, Disaster]:
        """Return what can happen to the servers, by name."""

    def is_well(self) -> bool:
        """Tell whether everything runs, with all replicas in step."""


@contextmanager
def opened_proxies(count: int) -> Iterator[list[ChaosProxy]]:
    """Give so many proxies that share one plan of faults, and lead nowhere yet."""
    plan = FaultPlan()
    with ExitStack() as stack:
        yield [stack.enter_context(ChaosProxy(plan=plan)) for _ in range(count)]


def named(*disasters: Disaster) -> dict[str, Disaster]:
    """Return the disasters by the names of what they are made by."""
    return {disaster.__name__: disaster for disaster in disasters}
