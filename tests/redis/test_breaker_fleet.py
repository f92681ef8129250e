"""Probes of a half-open breaker over a fleet of real processes: never more in flight than allowed."""

import signal
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
import redis

from tests.support.probing_process import SERIES, START
from tests.support.processes import RunningProcess, wait_until
from tokenpulse_shared.breaker import Circuit
from tokenpulse_shared.circuits.circuit_moves import transition_call
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.scripts import source

KEYS = Keyspace()
CIRCUIT = KEYS.circuit(*SERIES)
PROBES = 3
PROCESSES = 8


@pytest.fixture(autouse=True)
def _half_open(redis_client: redis.Redis) -> None:
    """Have the breaker half open, as after an outage that is over."""
    now = float(redis_client.time()[0])
    circuit = Circuit(state="HALF_OPEN", changed_at=now, opened_at=now - 60, open_seconds=60.0)
    key, arguments = transition_call(KEYS, SERIES, circuit, (), now)
    assert redis_client.eval(source("transition"), 1, key, *arguments) == 1


@pytest.fixture
def fleet(redis_url: str) -> Iterator[ExitStack]:
    with ExitStack() as stack:
        yield stack


def _start(fleet: ExitStack, redis_url: str, scenario: str) -> RunningProcess:
    environment = {
        "TOKENPULSE_REDIS_URL": redis_url,
        "TOKENPULSE_FLUSH_INTERVAL": "0.05",
        "TOKENPULSE_BREAKER_PROBES": str(PROBES),
    }
    return fleet.enter_context(
        RunningProcess("tests.support.probing_process", scenario, environment=environment)
    )


def _leased(client: redis.Redis) -> int:
    return sum(name.startswith(b"probe:") for name in client.hkeys(CIRCUIT))


def test_eight_processes_share_the_probes(
    fleet: ExitStack, redis_url: str, redis_client: redis.Redis
) -> None:
    """Many probes are made, never more than three at a time over the whole fleet, by several processes."""
    processes = [_start(fleet, redis_url, "contend") for _ in range(PROCESSES)]
    for process in processes:
        process.wait_for_line("ready")
    redis_client.set(START, 1)
    told = [process.wait_for_line("done").split() for process in processes]
    probes = [int(words[1]) for words in told]
    most = [int(words[2]) for words in told]

    assert sum(probes) >= 10
    assert sum(count > 0 for count in probes) >= 2
    assert max(most) <= PROBES
    assert redis_client.hget(CIRCUIT, "state") == b"HALF_OPEN"


def test_the_lease_of_a_killed_owner_ends(
    fleet: ExitStack, redis_url: str, redis_client: redis.Redis
) -> None:
    """While the owner of all probes lives another process gets none; once it is killed, it does."""
    holder = _start(fleet, redis_url, "hold all")
    holder.wait_for_line("holding")
    waiting = _start(fleet, redis_url, "hold one")
    waiting.wait_for_line("asking")
    before = redis_client.info("commandstats")["cmdstat_evalsha"]["calls"]
    wait_until(
        lambda: redis_client.info("commandstats")["cmdstat_evalsha"]["calls"] > before + 80,
        "leases are renewed for several of their lengths, and asked for in vain",
    )
    assert "holding" not in waiting.output

    holder.send_signal(signal.SIGKILL)

    waiting.wait_for_line("holding")
    assert 1 <= _leased(redis_client) <= 2  # the next one fetched ahead, perhaps
