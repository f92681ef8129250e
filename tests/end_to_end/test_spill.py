"""With a spill directory a process killed by SIGKILL loses nothing, and nothing is counted twice."""

from pathlib import Path
from typing import cast

import orjson
import pytest
import redis

from tests.support.ledger import load_http_requests, load_totals
from tests.support.processes import RunningProcess, wait_until
from tokenpulse import Recorder
from tokenpulse_shared.keyspace import Keyspace

ROUNDS = "tests.support.spill_rounds"
NUMBER_OF_MODELS = "1000"


def _environment(redis_url: str, directory: Path) -> dict[str, str]:
    return {
        "REDIS_URL": redis_url,
        "TOKENPULSE_SPILL_PATH": str(directory),
        "TOKENPULSE_FLUSH_INTERVAL": "0.05",
        "TOKENPULSE_SPILL_BYTES": str(2**32),  # workers die faster than others can replay what they left
        "TOKENPULSE_MAX_MODELS_PER_PROVIDER": NUMBER_OF_MODELS,
        "TOKENPULSE_MAX_ROUTES": NUMBER_OF_MODELS,
        "TOKENPULSE_GENAI_PRICES": "false",  # reading them takes as long as a worker lives
    }


def _replay(redis_url: str, directory: Path) -> None:
    """Start one more recorder on the directory; return once nothing is left there."""
    recorder = Recorder(
        redis_url, spill_path=directory, flush_interval=0.05, max_models_per_provider=int(NUMBER_OF_MODELS)
    )
    recorder.ensure_started()
    wait_until(lambda: not recorder.stats()["spill"]["replaying"], "everything is replayed")
    recorder.close()


def _counted(client: redis.Redis, model: str) -> tuple[int, int]:
    """Return a model's requests and input tokens, over all providers."""
    held = [fields for (_, name), fields in load_totals(client).items() if name == model]
    requests = sum(fields.get("total_requests", 0) for fields in held)
    return requests, sum(fields.get("tokens_input", 0) for fields in held)


def _gateway_requests(client: redis.Redis) -> int:
    hours = client.keys(Keyspace().prefix + "gateway:*")
    return sum(int(cast("bytes", client.hget(key, "success") or b"0")) for key in hours)


@pytest.mark.parametrize(("rounds", "workers"), [(25, 1), (12, 3)])
def test_sigkill_loses_and_doubles_nothing(
    redis_url: str, redis_client: redis.Redis, tmp_path: Path, rounds: int, workers: int
) -> None:
    """Workers killed at random moments, some while they replay what others left, some racing for it."""
    with RunningProcess(
        ROUNDS, str(rounds), str(workers), environment=_environment(redis_url, tmp_path)
    ) as process:
        told = orjson.loads(process.wait_for_line('{"r0w0"'))
        assert process.wait() == 0
    _replay(redis_url, tmp_path)
    exchanges = {route: count for (_, route, _), count in load_http_requests(redis_client).items()}

    for model, (begun, ended) in told.items():
        requests, tokens = _counted(redis_client, model)
        assert requests in (begun, ended), (model, requests, begun, ended)
        assert tokens == requests * (requests + 1) // 2
        assert ended <= exchanges.get(f"/{model}", 0) <= begun
    assert sum(ended for _, ended in told.values()) > 1000
    assert _gateway_requests(redis_client) == sum(_counted(redis_client, model)[0] for model in told)
    assert list(tmp_path.iterdir()) == []
