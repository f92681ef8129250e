"""The ports that test servers listen on."""

import socket
from itertools import islice

import pytest

from tests.support import ports
from tests.support.ports import free_port, port_with_bus


def test_no_port_is_given_twice_soon() -> None:
    """A port stays with whom it was given to: a server that is down for a while finds it free."""
    given = [free_port() for _ in range(300)]

    assert len({*given}) == 300
    assert min(given) >= 22_700
    assert max(given) < 28_000


def test_a_port_that_is_taken_is_passed_over() -> None:
    """What listens already, of another run say, keeps its port; a bus port that is taken takes the node's away."""
    first = port_with_bus()
    round_of = 4_700 // 8 + 1
    with socket.create_server(("127.0.0.1", first + 10_000)):
        assert first not in [port_with_bus() for _ in range(round_of)]

    assert first in [port_with_bus() for _ in range(round_of)]


def test_processes_have_ports_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    """No process of pytest-xdist is given a port of another; the ephemeral range is left alone."""
    given: list[int] = []
    for process in range(8):
        monkeypatch.setenv("PYTEST_XDIST_WORKER", f"gw{process}")
        for span in (ports._PORTS, ports._CLUSTER_PORTS):
            turn = ports._in_turn.__wrapped__(span)
            given += islice(turn, len(span[process::8]))

    assert sorted(given) == [*range(18_000, 28_000)]
    assert 28_000 + 4_700 - 1 < 32_768  # the last bus port
