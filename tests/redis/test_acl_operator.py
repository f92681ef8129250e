"""A Redis user of a reader that also scores for all, and takes what is posted."""

import re
from collections.abc import Callable, Iterator

import httpx
import pytest
import redis

from tests.support.acl import denials, user_url
from tests.support.reader_client import reader_client
from tests.support.redis_server import RedisServer
from tests.support.written import KEYS, record_each, total
from tokenpulse.recorder import Recorder
from tokenpulse_shared import scripts
from tokenpulse_shared.rights import COMMANDS

POSTS = {
    "/api/metrics/chat": {"model": "p/m"},
    "/api/monitoring/events/trial": {"user_id": "ann", "event": "started", "plan": "pro"},
    "/api/monitoring/gauges": {"active_api_keys": 3},
    "/api/monitoring/circuit-breakers/p/m/open": {},
    "/api/monitoring/circuit-breakers/p/m/reset": {},
}
TOKEN = {"Authorization": "Bearer t0ken"}


@pytest.fixture
def admin(module_redis_server: RedisServer) -> Iterator[redis.Redis]:
    """Give a client that may do everything, of a server with empty data and an empty log of refusals."""
    with module_redis_server.client() as client:
        client.flushall()
        client.script_flush()
        client.acl_log_reset()
        yield client


@pytest.fixture
def known(
    module_redis_server: RedisServer, admin: redis.Redis, open_recorder: Callable[..., Recorder]
) -> None:
    """Have the model p/m known."""
    recorder = open_recorder(module_redis_server.url)
    record_each(recorder, "p", *["m"] * 20)
    recorder.close()


async def _post_all(client: httpx.AsyncClient) -> dict[str, int]:
    return {path: (await client.post(path, json=body)).status_code for path, body in POSTS.items()}


@pytest.mark.usefixtures("known")
async def test_an_operator_needs_no_more_than_its_least_rights(
    module_redis_server: RedisServer, admin: redis.Redis, open_recorder: Callable[..., Recorder]
) -> None:
    """Scores are published, everything posted is taken and shown; nothing is refused."""
    url = user_url(module_redis_server, "operator")
    ingest = open_recorder(url)
    async with reader_client(url, ingest=ingest, api_token="t0ken", headers=TOKEN) as client:
        answers = await _post_all(client)
        trials = (await client.get("/api/monitoring/trial-analytics")).json()
        gauges = (await client.get("/api/monitoring/gauges")).json()["gauges"]
        [health] = (await client.get("/api/monitoring/health")).json()
    ingest.close()

    assert denials(admin) == []
    assert set(answers.values()) == {200}
    assert (trials["started_trial"], len(gauges)) == (1, 5)
    assert health["source"] == "leader"
    assert total(admin, "p", "m") + total(admin, "p", "p/m") == 21
    assert admin.exists(KEYS.health_scores_current()) == 1


@pytest.mark.usefixtures("known")
async def test_a_reader_without_these_rights_serves_and_says_what_it_did_not_write(
    module_redis_server: RedisServer, admin: redis.Redis
) -> None:
    """It scores for itself; posts are answered 503, in words that name what is missing."""
    url = user_url(module_redis_server, "reader")
    async with reader_client(url, api_token="t0ken", headers=TOKEN) as client:
        answers = await _post_all(client)
        refused = await client.post("/api/monitoring/gauges", json={"active_api_keys": 3})
        health = await client.get("/api/monitoring/health")
        metrics = await client.get("/metrics")

    assert answers.pop("/api/metrics/chat") == 501
    assert set(answers.values()) == {503}
    assert refused.json()["error"]["message"].startswith("nothing is known to be written: ")
    assert "not permitted" in refused.json()["error"]["message"]
    assert [held["source"] for held in health.json()] == ["local"]
    assert metrics.status_code == 200
    assert admin.exists(KEYS.gauges(), KEYS.health_scores_current()) == 0


def test_an_operator_may_do_what_both_others_may() -> None:
    assert set(COMMANDS["operator"]) >= {*COMMANDS["writer"], *COMMANDS["reader"]}
    for name in ("trial", "lead", "resign", "publish", "rank", "post_key", "transition"):
        called = re.findall(r"call\('([A-Z]+)'", scripts.source(name))
        assert {command.lower() for command in called} <= set(COMMANDS["operator"]), name
