"""Tests of `tokenpulse doctor`, as a user calls it, against real servers."""

import time
from collections.abc import Callable
from typing import Any

import orjson
import pytest
import redis
from click.testing import CliRunner

from tests.support.acl import PASSWORD, user_url
from tests.support.certificates import Certificates
from tests.support.cluster import RedisCluster
from tests.support.redis_server import RedisServer
from tests.support.sentinel import SentinelDeployment
from tests.support.tls_redis import running_tls_redis
from tokenpulse.recorder import Recorder
from tokenpulse_reader.cli import main
from tokenpulse_shared.keyspace import Keyspace

KEYS = Keyspace()


def examined(*arguments: str) -> tuple[int, str]:
    """Return (exit code, both outputs)."""
    result = CliRunner().invoke(main, ["doctor", *arguments], prog_name="tokenpulse")
    return result.exit_code, result.output


def checks(url: str, *arguments: str) -> tuple[int, dict[str, dict[str, Any]]]:
    """Return (exit code, checks by name)."""
    code, output = examined("--json", "--redis-url", url, *arguments)
    body = orjson.loads(output)

    assert body["exit_code"] == code
    return code, {check["name"]: check for check in body["checks"]}


def statuses(found: dict[str, dict[str, Any]]) -> dict[str, str]:
    """Return the checks that are not ok, with their status."""
    return {name: check["status"] for name, check in found.items() if check["status"] != "ok"}


def _flush_with_report(recorder: Recorder) -> None:
    """Flush together with what travels every 5 s: the worker's own counters, its report."""
    with recorder._pipeline.lock:
        recorder._pipeline._reported_at = float("-inf")
    assert recorder.flush()


@pytest.fixture
def written(
    module_redis_server: RedisServer, open_recorder: Callable[..., Recorder]
) -> tuple[RedisServer, Recorder]:
    """Give a server that saves, with one worker alive."""
    with module_redis_server.client() as client:
        client.flushall()
    recorder = open_recorder(module_redis_server.url, app_name="shop", flush_interval=0.05)
    recorder.record(provider="groq", model="llama", tokens_input=3)
    assert recorder.flush()
    _flush_with_report(recorder)
    return module_redis_server, recorder


def test_a_deployment_that_is_well(written: tuple[RedisServer, Recorder]) -> None:
    """Exit code 0; every part was looked at."""
    server, _ = written
    code, found = checks(server.url)

    assert (code, statuses(found)) == (0, {})
    assert list(found) == [
        *("encryption", "connection", "rights to write", "rights to read", "clock", "version", "role"),
        *("eviction", "memory", "persistence", "replicas", "clients", "keyspace", "data"),
        *("workers of shop", "losses of shop", "foreign keys"),
    ]
    assert found["persistence"]["says"] == "append-only file"
    assert found["data"]["says"] == "providers: 1, models: 1"
    assert found["data"]["items"] == ["groq"]
    assert found["workers of shop"]["says"] == "alive: 1, gone within the last hour: 0"
    assert "clock off by 0.0" in found["workers of shop"]["items"][0]


def test_nothing_is_changed(written: tuple[RedisServer, Recorder]) -> None:
    """No key comes, goes or changes by looking."""
    server, recorder = written
    recorder.close()
    with server.client() as client:
        before = {key: client.dump(key) for key in client.keys("*")}
        examined("--redis-url", server.url)

        assert {key: client.dump(key) for key in client.keys("*")} == before


def test_what_workers_lost_is_told(written: tuple[RedisServer, Recorder]) -> None:
    """A key of somebody else's under our name: a warning in two places, exit code 1."""
    server, recorder = written
    with server.client() as client:
        client.set(KEYS.totals("other"), "mine")
        client.zadd(KEYS.providers(), {"other": int(time.time())})
        client.set(KEYS.errors("groq"), "mine")
    recorder.record(provider="groq", model="llama", success=False)
    assert recorder.flush()
    _flush_with_report(recorder)
    code, found = checks(server.url)

    assert (code, statuses(found)) == (1, {"losses of shop": "warning", "foreign keys": "warning"})
    assert found["losses of shop"]["items"][0] == "increments refused, because a key holds something else: 1"
    assert found["foreign keys"]["items"] == [KEYS.totals("other")]


def test_a_worker_that_is_gone_is_missed(written: tuple[RedisServer, Recorder]) -> None:
    """A report of the past is no sign of life."""
    server, recorder = written
    with server.client() as client:
        [(writer, report)] = client.hgetall(KEYS.writers("shop")).items()
        recorder.close()
        client.hset(
            KEYS.writers("shop"), writer, orjson.dumps({**orjson.loads(report), "at": time.time() - 20})
        )
    code, found = checks(server.url)

    assert (code, statuses(found)) == (1, {"workers of shop": "warning"})
    assert found["workers of shop"]["says"] == (
        "none reported within 15 s; alive: 0, gone within the last hour: 1"
    )


def test_a_newer_keyspace_is_a_failure(written: tuple[RedisServer, Recorder]) -> None:
    """What is in it is not read."""
    server, recorder = written
    recorder.close()
    with server.client() as client:
        client.set(KEYS.version(), "2")
    code, found = checks(server.url)

    assert (code, statuses(found)) == (2, {"keyspace": "failure"})
    assert found["keyspace"]["says"] == "keyspace version 2 is newer than 1"
    assert "data" not in found


def test_redis_is_away() -> None:
    """The words of the log, what to do, exit code 2; the password is nowhere."""
    code, output = examined("--redis-url", "redis://user:hunter2@127.0.0.1:1/0")

    assert code == 2
    assert output.splitlines() == [
        "redis://user:***@127.0.0.1:1/0, keys tokenpulse:*",
        "",
        "ok       encryption  none: on this machine",
        "failure  connection  connection refused",
        "                     → start Redis, or correct host and port: nothing listens there",
        "",
        "1 failure",
    ]


def test_a_wrong_password_is_not_printed(redis_server: RedisServer) -> None:
    """Neither the one given nor the right one."""
    with redis_server.client() as client:
        client.config_set("requirepass", "rightone")
        code, output = examined("--redis-url", f"redis://:wrongone@127.0.0.1:{redis_server.port}/0")
        with_json = examined("--json", "--redis-url", f"redis://:wrongone@127.0.0.1:{redis_server.port}/0")[1]

    assert code == 2
    assert "failure  connection  authentication failed" in output
    assert not [text for text in (output, with_json) for secret in ("wrongone", "rightone") if secret in text]


def test_memory_is_in_process() -> None:
    """There is nothing to look at, which is nothing wrong."""
    code, found = checks("memory://")

    assert (code, list(found)) == (0, ["connection"])
    assert found["connection"]["says"].startswith("memory:// is inside one process")


def test_a_wrong_setting_is_one_line() -> None:
    """Exit code 2, as for every command; an option that the driver would choke on is a wrong setting."""
    assert examined("--redis-url", "redis://host/0?retries=3") == (
        2,
        "Error: redis_url='redis://host/0?retries=3': expected no URL options but username, password, db\n",
    )


def test_an_empty_server_is_two_warnings(redis_servers: Callable[..., RedisServer]) -> None:
    """A server that saves nothing and holds nothing: exit code 1."""
    server = redis_servers(is_durable=False)
    code, found = checks(server.url)

    assert (code, statuses(found)) == (1, {"persistence": "warning", "data": "warning"})


def test_a_server_that_throws_away_and_is_full(redis_servers: Callable[..., RedisServer]) -> None:
    """Eviction is a warning, a full memory a failure."""
    server = redis_servers(**{"maxmemory": "100kb", "maxmemory-policy": "allkeys-lru"})
    code, found = checks(server.url)

    assert code == 2
    assert statuses(found) == {"eviction": "warning", "memory": "failure", "data": "warning"}


def test_a_replica_is_no_place_to_write_to(
    redis_server: RedisServer, redis_servers: Callable[..., RedisServer]
) -> None:
    """For a writer it is a failure, for a reader a warning."""
    replica = redis_servers(replicaof=f"127.0.0.1 {redis_server.port}")
    as_writer = checks(replica.url, "--role", "writer")[1]["role"]
    as_reader = checks(replica.url, "--role", "reader")[1]["role"]

    assert (as_writer["status"], as_writer["says"]) == ("failure", "this is a replica: it refuses writes")
    assert as_reader["status"] == "warning"


@pytest.mark.parametrize(("role", "other"), [("writer", "read"), ("reader", "write")])
def test_least_rights_are_enough(written: tuple[RedisServer, Recorder], role: Any, other: str) -> None:
    """Each user is well for its own role; for both its rights do not do, and what is missing is printed."""
    server, _ = written
    url = user_url(server, role)
    alone, both = checks(url, "--role", role), checks(url)

    assert "failure" not in statuses(alone[1]).values()
    assert both[1][f"rights to {other}"]["status"] == "failure"
    assert both[1][f"rights to {other}"]["to_do"].startswith("as an administrator: ACL SETUSER <user> +")
    assert both[0] == 2
    assert PASSWORD not in examined("--redis-url", url)[1]


def test_a_right_that_is_missing_is_named(written: tuple[RedisServer, Recorder]) -> None:
    """By the command, with the line that grants it."""
    server, _ = written
    code, found = checks(user_url(server, "writer", without="hincrby"), "--role", "writer")

    assert code == 2
    assert found["rights to write"]["says"] == "an app's workers need more than this user may do: hincrby"
    assert found["rights to write"]["to_do"] == "as an administrator: ACL SETUSER <user> +hincrby"


def test_a_user_who_may_hardly_do_anything(written: tuple[RedisServer, Recorder]) -> None:
    """Every check says for itself that it could not be made; none is called well."""
    server, _ = written
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", "nobody", "reset", "on", ">x", "+client|setname")
    code, found = checks(f"redis://nobody:x@127.0.0.1:{server.port}/0")

    assert code == 2
    assert statuses(found) == {
        "rights to write": "failure",
        "rights to read": "failure",
        "clock": "warning",
        "server": "warning",
        "keyspace": "failure",
    }


def test_tls_is_looked_at(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Certificates that do and do not verify."""
    certificates = Certificates(tmp_path_factory.mktemp("certificates"))
    with running_tls_redis(certificates, certificates.good()) as good:
        well = checks(good.url)[1]
        untrusted = checks(good.untrusting_url)
        plain = checks(good.plain_url_to_tls_port)
    with running_tls_redis(certificates, certificates.expired()) as expired:
        code, found = checks(expired.url)

    assert well["encryption"]["says"] == "TLS, the server's certificate is verified"
    assert (code, found["connection"]["says"]) == (2, "TLS certificate has expired")
    assert (untrusted[0], untrusted[1]["connection"]["says"]) == (2, "TLS certificate is not trusted")
    assert plain[1]["connection"]["to_do"].startswith("use rediss://")


def test_every_master_of_a_cluster_is_looked_at() -> None:
    """One check of a kind for each; one that is gone is a failure of its own."""
    with RedisCluster(masters=3, has_replicas=False) as cluster:
        code, found = checks(cluster.url)
        ports = [server.port for server in cluster.servers]
        single = checks(cluster.servers[0].url)[1]
        cluster.servers[2].kill()
        without_one = checks(cluster.url)[1]
        for server in cluster.servers[:2]:
            server.kill()
        without_any = checks(cluster.url)

    assert code == 1
    assert [f"role (127.0.0.1:{port})" in found for port in ports] == [True] * 3
    assert {check["says"] for name, check in found.items() if name.startswith("role")} == {"master, cluster"}
    assert single["role"]["says"] == "this is one node of a Redis Cluster"
    assert without_one[f"connection (127.0.0.1:{ports[2]})"]["status"] == "failure"
    assert without_one[f"connection (127.0.0.1:{ports[0]})"]["status"] == "ok"
    assert (without_any[0], list(without_any[1])) == (2, ["encryption", "connection"])


def test_slots_of_a_cluster_are_looked_at() -> None:
    """All served; refused as a whole when one is gone; on the move; without a master."""
    with RedisCluster(masters=2, has_replicas=False, **{"cluster-require-full-coverage": "no"}) as cluster:
        first, second = cluster.servers
        well = checks(cluster.url)[1]["slots"]
        with second.client() as node:
            node.config_set("cluster-require-full-coverage", "yes")
        all_or_nothing = checks(cluster.url)[1]["slots"]
        cluster.begin_move(0, 0, 1)
        moving = checks(cluster.url)[1]["slots"]
        with first.client() as node:
            node.execute_command("CLUSTER", "DELSLOTS", 0)
        with second.client() as node:
            node.execute_command("CLUSTER", "DELSLOTS", 0)
        code, unserved = checks(cluster.url_of(first))

    assert (well["status"], well["says"]) == ("ok", "all served")
    assert all_or_nothing["status"] == "warning"
    assert "every node refuses while one is gone" in all_or_nothing["says"]
    assert (moving["status"], len(moving["items"])) == ("warning", 1)
    assert moving["items"][0].startswith(f"slot 0: from 127.0.0.1:{first.port} to node ")
    assert (code, unserved["slots"]["status"]) == (2, "failure")
    assert unserved["slots"]["says"].startswith("served: 16383 of 16384; ")


def test_sentinels_are_asked_one_by_one() -> None:
    """Those that are silent are named; a sentinel taken for a Redis is a failure."""
    with SentinelDeployment() as deployment:
        code, found = checks(deployment.url)
        taken = checks(f"redis://127.0.0.1:{deployment.sentinels[0].port}/0")
        deployment.sentinels[1].kill()
        without_one = checks(deployment.url)[1]
        for sentinel in deployment.sentinels:
            sentinel.kill()
        without_any = checks(deployment.url)

    assert (code, found["sentinels"]["says"]) == (1, "3 of 3 name a master")
    assert found["replicas"]["status"] == "ok"
    assert (taken[0], list(taken[1])) == (2, ["encryption", "connection", "role"])
    assert taken[1]["role"]["says"] == "this is a Sentinel, it holds no data"
    assert without_one["sentinels"]["status"] == "warning"
    assert without_one["sentinels"]["items"][1].endswith(": connection refused")
    assert (without_any[0], without_any[1]["sentinels"]["status"]) == (2, "failure")
    assert without_any[1]["connection"]["says"] == "connection refused"


def test_sentinels_that_disagree_or_know_nothing() -> None:
    """Two masters of one name, no master of a name, too few sentinels, a password of their own."""
    with (
        SentinelDeployment(replicas=0, sentinels=1) as one,
        SentinelDeployment(replicas=0, sentinels=1) as other,
    ):
        both = one.url.replace("/mymaster", f",127.0.0.1:{other.sentinels[0].port}/mymaster")
        disagreeing = checks(both)[1]["sentinels"]
        unknown = checks(one.url.replace("mymaster", "nobody"))[1]
        with redis.Redis(port=one.sentinels[0].port, protocol=2) as sentinel:
            sentinel.execute_command("ACL", "SETUSER", "default", "resetpass", ">own")
        without_login = checks(one.url)[1]["sentinels"]
        alone = checks(f"{one.url}?sentinel_password=own")[1]["sentinels"]

    assert (disagreeing["status"], disagreeing["says"]) == (
        "warning",
        "2 of 2 name a master, not the same one",
    )
    assert unknown["sentinels"]["items"][0].endswith(": knows no master of that name")
    assert unknown["connection"]["says"] == "no sentinel knows the master"
    assert without_login["items"][0].endswith(": authentication required")
    assert (alone["status"], alone["says"]) == ("warning", "1 of 1 name a master: fewer than 3")
