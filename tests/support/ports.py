"""Give ports of the loopback on which nothing listens, each to one who asks.

Strategy: every process of pytest-xdist has ports of its own and gives them in turn. So nobody is given the port of a
server that another has not started yet, or has killed and will start again.
Bounds: all are below the ephemeral range, so that no outgoing connection takes one while its server is down.
"""

import contextlib
import os
import random
import socket
from collections.abc import Iterator
from functools import cache
from itertools import cycle, islice
from typing import Final

_PORTS: Final = range(22_700, 28_000)
_CLUSTER_PORTS: Final = range(18_000, 22_700)
_BUS_OFFSET: Final = 10_000
"""From a cluster node's port to the one of its bus, by Redis."""
_PROCESSES: Final = 8
_MOST_ATTEMPTS: Final = 100


def free_port() -> int:
    """Return a port on which nothing listens right now, and that is not given again soon."""
    return _next_free(_PORTS, (0,))


def port_with_bus() -> int:
    """Return such a port whose port for a cluster's bus is free as well."""
    return _next_free(_CLUSTER_PORTS, (0, _BUS_OFFSET))


def _next_free(ports: range, offsets: tuple[int, ...]) -> int:
    for port in islice(_in_turn(ports), _MOST_ATTEMPTS):
        if all(_is_free(port + offset) for offset in offsets):
            return port
    raise RuntimeError(f"{_MOST_ATTEMPTS} ports of the loopback are all taken")


@cache
def _in_turn(ports: range) -> Iterator[int]:
    """Return this process's part of the ports, from a random one on, without end; the same iterator each time."""
    process = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    mine = ports[process % _PROCESSES :: _PROCESSES]
    begin = random.SystemRandom().randrange(
        len(mine)
    )  # the shared one begins anew in each property's example
    return cycle((*mine[begin:], *mine[:begin]))


def _is_free(port: int) -> bool:
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        return True
    return False
