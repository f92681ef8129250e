"""Servers that end under load: whatever a client saw answered is counted, once."""

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Final

import pytest
import redis

from tests.support.ledger import load_totals
from tests.support.processes import wait_until
from tests.support.steady_load import SteadyLoad
from tests.support.worker_servers import COMMANDS, WITHOUT_LIFESPAN, worker_server
from tokenpulse import Recorder
from tokenpulse_shared.names import OTHER

ANSWERS: Final = 150
FLUSH_SECONDS: Final = 0.3
SLACK_SECONDS: Final = 2.0
"""A flush under way when the server is killed, of a worker that waits for a processor."""
OUR_SECONDS: Final = 2.0
SERVERS_SECONDS: Final = 2.0
"""What servers take of their own to end: gunicorn looks at its workers every second."""
SLOW_SECONDS: Final = {"gunicorn, preload, asgi": 5.0}
"""Where that is longer: 2.9 to 4.5 s around a bare app too, on a loaded two-core machine."""
SEND_SECONDS: Final = 0.1
"""A request is recorded once its answer is sent: a client may have read it while its worker waited for a processor."""


def _counted(client: redis.Redis) -> dict[str, int]:
    """Return the requests of every model that was answered; what was cut short made none of its own."""
    return {
        model: fields["total_requests"]
        for (_, model), fields in load_totals(client).items()
        if model and model != OTHER
    }


def _assert_counted(client: redis.Redis, load: SteadyLoad, due: Iterable[str]) -> None:
    """Assert that all that is due is counted, nothing twice, nothing that was never asked."""
    counted = _counted(client)
    missing = [model for model in due if model not in counted]

    assert missing == []
    assert set(counted.values()) == {1}
    assert counted.keys() <= load.asked


@pytest.mark.parametrize("name", COMMANDS)
def test_sigterm_under_load_loses_nothing(redis_url: str, redis_client: redis.Redis, name: str) -> None:
    """With the next flush a minute away every answer a client saw is in Redis when the server has ended."""
    rarely = {"TOKENPULSE_FLUSH_INTERVAL": "60"}
    with worker_server(name, redis_url, environment=rarely) as server, SteadyLoad(server.port) as load:
        load.wait_for_answers(ANSWERS)
        asked_at = time.monotonic()
        server.end()
        seconds = time.monotonic() - asked_at

    assert "internal error" not in server.process.output
    assert seconds < OUR_SECONDS + SLOW_SECONDS.get(name, SERVERS_SECONDS)
    _assert_counted(redis_client, load, load.answered)


@pytest.mark.parametrize("name", ["uvicorn, no lifespan", "uvicorn, 2 workers, no lifespan"])
def test_sigterm_without_any_lifespan(redis_url: str, redis_client: redis.Redis, name: str) -> None:
    """Nor does an app that knows of no lifespan lose anything."""
    rarely = {"TOKENPULSE_FLUSH_INTERVAL": "60"}
    wrapped = worker_server(name, redis_url, app=WITHOUT_LIFESPAN, environment=rarely)
    with wrapped as server, SteadyLoad(server.port) as load:
        load.wait_for_answers(ANSWERS)
        server.end()

    _assert_counted(redis_client, load, load.answered)


@pytest.mark.parametrize("name", ["uvicorn", "uvicorn, 4 workers"])
def test_sigkill_loses_at_most_one_flush_interval(
    redis_url: str, redis_client: redis.Redis, name: str
) -> None:
    """What was answered longer ago than a flush interval is in Redis, whichever worker answered."""
    interval = {"TOKENPULSE_FLUSH_INTERVAL": str(FLUSH_SECONDS)}
    with worker_server(name, redis_url, environment=interval) as server, SteadyLoad(server.port) as load:
        load.wait_for_answers(ANSWERS)
        due_at = time.monotonic()
        wait_until(lambda: time.monotonic() > due_at + FLUSH_SECONDS + SLACK_SECONDS, "the load has gone on")
        server.kill()
    due = [model for model, at in load.answered.items() if at <= due_at]

    assert len(due) >= ANSWERS
    _assert_counted(redis_client, load, due)


@pytest.mark.parametrize(
    "name", ["uvicorn, 4 workers", "gunicorn, preload, uvicorn", "hypercorn, trio", "granian, 2 workers"]
)
def test_sigkill_loses_nothing_with_a_spill_directory(
    redis_url: str, redis_client: redis.Redis, tmp_path: Path, name: str
) -> None:
    """With the next flush a minute away every answer a client saw is counted after the next start."""
    spill = {"TOKENPULSE_FLUSH_INTERVAL": "60", "TOKENPULSE_SPILL_PATH": str(tmp_path)}
    with worker_server(name, redis_url, environment=spill) as server, SteadyLoad(server.port) as load:
        load.wait_for_answers(ANSWERS)
        due_at = time.monotonic()
        wait_until(lambda: time.monotonic() > due_at + SEND_SECONDS, "the load has gone on")
        server.kill()
    due = [model for model, at in load.answered.items() if at <= due_at]
    recorder = Recorder(redis_url, spill_path=tmp_path, max_models_per_provider=10_000)
    recorder.ensure_started()
    wait_until(lambda: not recorder.stats()["spill"]["replaying"], "everything is replayed")
    recorder.close()

    assert len(due) >= ANSWERS
    _assert_counted(redis_client, load, due)
    assert list(tmp_path.iterdir()) == []
