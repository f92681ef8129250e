"""Chaos of one server behind one proxy."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from random import Random

from tests.chaos.disasters import ALONE, ANYWHERE, Happening
from tests.chaos.stage import Disaster, opened_proxies
from tests.support.chaos_proxy import ChaosProxy
from tests.support.redis_server import RedisServer, running_redis


class Standalone:
    """Own nothing: server and proxy are given, and live."""

    def __init__(self, server: RedisServer, proxy: ChaosProxy) -> None:
        proxy.upstream_port = server.port
        self._server = server
        self.proxies: Sequence[ChaosProxy] = (proxy,)
        self.url = proxy.url
        self.disasters: Mapping[str, Disaster] = {
            happening.__name__: partial(self._hit, happening) for happening in (*ALONE, *ANYWHERE)
        }

    def is_well(self) -> bool:
        """Tell whether the server runs: every disaster here ends with that."""
        return self._server.is_awake

    def _hit(self, happening: Happening, chance: Random) -> None:
        happening(self._server)


@contextmanager
def standalone() -> Iterator[Standalone]:
    """Give a running server behind its proxy."""
    with opened_proxies(1) as (proxy,), running_redis() as server:
        yield Standalone(server, proxy)
