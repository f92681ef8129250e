"""Tests of Redis users who may do only what tokenpulse needs, or less."""

import re
from collections.abc import Callable, Iterator

import pytest
import redis

from tests.support.acl import PASSWORD, change_user, denials, user_url
from tests.support.clock import FakeClock
from tests.support.cluster import RedisCluster
from tests.support.redis_server import RedisServer
from tests.support.written import KEYS, record_each, series_totals, total
from tokenpulse.recorder import Recorder
from tokenpulse.sink import HttpExchange
from tokenpulse_shared import scripts
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.redis_client import connect
from tokenpulse_shared.rights import COMMANDS, IN_A_CLUSTER, TRIALS, Role, lacking_rights
from tokenpulse_shared.store import MetricsStore

MakeRecorder = Callable[..., Recorder]

_SEEN_AT_THE_FIRST_FLUSH = (
    *("multi", "exec", "client|setname", "eval", "evalsha", "expire", "get", "hget", "hgetall"),
    *("hincrby", "hset", "set", "time", "type", "zadd", "zcard", "zremrangebyscore", "zscore"),
)
"""Without them nothing can be flushed; the rest is needed by what happens later or seldom."""


@pytest.fixture
def server(module_redis_server: RedisServer) -> RedisServer:
    """Give a server with empty data, no script and an empty log of refusals."""
    with module_redis_server.client() as client:
        client.flushall()
        client.script_flush()
        client.acl_log_reset()
    return module_redis_server


@pytest.fixture
def admin(server: RedisServer) -> Iterator[redis.Redis]:
    """Give a client that may do everything."""
    with server.client() as client:
        yield client


def _redis_now(admin: redis.Redis) -> float:
    seconds, microseconds = admin.time()
    return float(seconds) + float(microseconds) / 1e6


def _seal(recorder: Recorder) -> None:
    sealer = recorder._pipeline._sealer
    sealer._due_at = dict.fromkeys(sealer._due_at, 0.0)
    recorder.flush()


def _do_everything(recorder: Recorder, clock: FakeClock, admin: redis.Redis) -> None:
    """Have every script and every command of the writer run: 203 calls of p/m in the end."""
    admin.hset(KEYS.totals("p"), "writer:gone", "7:1000")  # swept by the first batch
    record_each(recorder, "p", "m", latency_ms=5, gateway="g", tokens_input=3)
    for number in range(200):  # more buckets than an hour's sketch keeps
        recorder.record(provider="p", model="m", latency_ms=1.03**number, success=number % 2 == 0)
    recorder.count_http(HttpExchange("GET", "/a", 200, 0.1, 0, 0, None))
    assert recorder.flush()
    admin.delete(*admin.keys("tokenpulse:*{p}*"))  # Redis lost batches
    clock.advance(61.0)
    for _ in range(2):
        record_each(recorder, "p", "m")
        recorder.flush()
    _seal(recorder)


def test_a_writer_needs_no_more_than_its_least_rights(
    server: RedisServer, admin: redis.Redis, make_recorder: MakeRecorder
) -> None:
    """Admission, batches, replay, breakers, packing, its report and its withdrawal work; nothing is refused."""
    clock = FakeClock(time=_redis_now(admin) - 7000.0)
    recorder = make_recorder(user_url(server, "writer"), clock=clock)
    _do_everything(recorder, clock, admin)
    counts = recorder.stats()["counts"]
    recorder.close()
    recorder._pipeline.withdraw()  # which only a thread does by itself
    today = make_recorder(user_url(server, "writer"))
    for _ in range(10):
        today.record(provider="q", model="m", success=False)
        today.record(provider="q", model="m")
    today.flush()
    today.record(provider="q", model="m", success=False)
    today.flush()
    today._pipeline.withdraw()

    assert denials(admin) == []
    assert recorder.stats()["lacking_rights"] == []
    assert counts["sealed_windows"] >= 4
    assert (counts["gaps"] >= 1, counts["replayed"] >= 1) == (True, True)
    assert today.stats()["counts"]["breaker_transitions"] == 1
    assert admin.hget(KEYS.totals("p"), "writer:gone") is None
    assert admin.hlen(KEYS.writers("app")) == 0
    assert not [name for name in counts if name.startswith(("error:", "failure:", "fault:"))]
    assert {key.split(b":")[0] for key in admin.keys("*")} == {b"tokenpulse"}


async def test_a_reader_needs_no_more_than_its_least_rights(
    server: RedisServer, admin: redis.Redis, make_recorder: MakeRecorder
) -> None:
    """Every read of the store works, INFO and clock included; nothing is refused."""
    clock = FakeClock(time=_redis_now(admin) - 7000.0)
    recorder = make_recorder(server.url, clock=clock)
    _do_everything(recorder, clock, admin)
    async with MetricsStore(user_url(server, "reader")) as store:
        await store.ping()
        totals = await store.totals()
        health = await store.provider_health("p")
        window = await store.provider_window("p", hours=3)
        start = int(clock.time() // 3600) * 3600
        assert await store.gateway_hour("g", start) is not None
        assert await store.recent_errors("p")
        assert await store.circuits()
        assert await store.latency_quantiles("p", "m", (50.0,), hours=3) != [None]
        assert await store.providers_of("m") == ["p"]

    assert denials(admin) == []
    assert health.provider == "p"
    assert window.total().counters["total_requests"] == 203
    assert totals.redis is not None
    assert totals.redis.numbers["redis_git_dirty"] == 0


@pytest.mark.parametrize("missing", COMMANDS["writer"])
def test_a_writer_without_one_command_says_which(
    server: RedisServer,
    admin: redis.Redis,
    make_recorder: MakeRecorder,
    caplog: pytest.LogCaptureFixture,
    missing: str,
) -> None:
    """What is missing is named at the first flush, even what only later work needs; no count is lost by it."""
    recorder = make_recorder(user_url(server, "writer", without=missing))
    record_each(recorder, "p", "m", tokens_input=3)
    is_flushed = recorder.flush()
    stats = recorder.stats()
    lines = [record.getMessage() for record in caplog.records]

    assert is_flushed == (missing not in _SEEN_AT_THE_FIRST_FLUSH)
    if is_flushed:
        assert stats["lacking_rights"] == [missing]
        assert lines == [f"the Redis user lacks rights, some counts may wait: {missing}"]
    else:
        assert stats["last_error"] == f"not permitted: {missing}"
        assert lines == [f"flush failed, counts are kept and sent later: not permitted: {missing}"]
        assert recorder._flusher._pause_seconds() >= 30
        assert stats["counts"]["failure:not_permitted"] == 1

    change_user(admin, "writer", f"+{missing}")
    record_each(recorder, "p", "m", tokens_input=4)
    recorder.flush()
    recorder.flush()

    assert recorder.stats()["last_error"] is None
    assert admin.hexists(KEYS.totals("p"), "created")
    assert admin.hexists(KEYS.totals("p", "m"), "created")
    assert series_totals(admin, "p", "m")["tokens_input"] == 7
    assert total(admin, "p") == 2
    assert recorder.stats()["dropped"] == {}
    assert recorder.stats()["pending"] == 0


@pytest.mark.parametrize("missing", [name for name in COMMANDS["writer"] if name != "client|setname"])
async def test_a_command_taken_away_later_loses_no_count(
    server: RedisServer, admin: redis.Redis, make_recorder: MakeRecorder, missing: str
) -> None:
    """A narrower ACL on a running fleet delays counts, packs no window twice, and is made good when it is undone."""
    clock = FakeClock(time=_redis_now(admin) - 7000.0)
    recorder = make_recorder(user_url(server, "writer"), clock=clock)
    record_each(recorder, "p", "m", tokens_input=3)
    assert recorder.flush()
    change_user(admin, "writer", f"-{missing}")
    for _ in range(2):
        record_each(recorder, "p", "m", "n", tokens_input=3, latency_ms=7)
        recorder.record(provider="p", model="m", success=False, tokens_input=3)
        _seal(recorder)
    change_user(admin, "writer", f"+{missing}")
    for _ in range(2):
        _seal(recorder)

    assert series_totals(admin, "p")["tokens_input"] == 21
    assert series_totals(admin, "p", "m")["tokens_input"] == 15
    assert recorder.stats()["pending"] == 0
    async with MetricsStore(server.url) as store:
        seen = (await store.provider_window("p", hours=3)).total()
    assert seen.counters["tokens_input"] == 21
    assert seen.sketch("latency").count == 4


@pytest.mark.parametrize("missing", [name for name in COMMANDS["reader"] if name != "info"])
async def test_a_reader_without_one_command_says_which(
    server: RedisServer, make_recorder: MakeRecorder, missing: str
) -> None:
    """Whichever read needs it fails by name; it never answers with less than there is."""
    record_each(make_recorder(server.url), "p", "m")
    url = user_url(server, "reader", without=missing)

    with connect(url) as client:
        if missing == "client|setname":
            with pytest.raises(redis.exceptions.NoPermissionError, match=r"client\|setname"):
                client.ping()
        else:
            assert lacking_rights(client, "reader", KEYS.totals("p")) == [missing]
    if missing in ("time", "client|setname"):
        async with MetricsStore(url) as store:
            with pytest.raises(StoreUnavailableError, match=re.escape(f"not permitted: {missing}")):
                await store.now()


async def test_a_reader_does_without_info(
    server: RedisServer, admin: redis.Redis, make_recorder: MakeRecorder
) -> None:
    """INFO only feeds the metrics on the server itself: they are absent, the rest is served."""
    recorder = make_recorder(server.url)
    record_each(recorder, "p", "m")
    recorder.flush()
    async with MetricsStore(user_url(server, "reader", without="info")) as store:
        totals = await store.totals()

    assert totals.redis is None
    assert totals.providers["p"].counters["total_requests"] == 1


def test_a_prefix_of_another_keeps_its_keys(
    server: RedisServer, admin: redis.Redis, make_recorder: MakeRecorder
) -> None:
    """A user for other keys is told so, for each command."""
    recorder = make_recorder(user_url(server, "writer", prefix="theirs:"))
    record_each(recorder, "p", "m")
    recorder.flush()

    assert admin.keys("*") == []
    last_error: str = recorder.stats()["last_error"]
    assert last_error.startswith(
        "not permitted: eval on these keys, evalsha on these keys, del on these keys"
    )
    assert PASSWORD not in last_error


async def test_a_reader_may_be_kept_from_writing_by_its_keys(
    server: RedisServer, admin: redis.Redis, make_recorder: MakeRecorder
) -> None:
    """Keys that may only be read are enough for it."""
    record_each(recorder := make_recorder(server.url), "p", "m")
    recorder.flush()
    url = user_url(server, "reader")
    change_user(admin, "reader", "resetkeys", "%R~tokenpulse:*")
    async with MetricsStore(url) as store:
        totals = await store.totals()

    assert totals.providers["p"].counters["total_requests"] == 1
    assert denials(admin) == []


def test_another_database_needs_one_right_more(
    server: RedisServer, admin: redis.Redis, make_recorder: MakeRecorder
) -> None:
    """It is named like the others."""
    recorder = make_recorder(user_url(server, "writer").replace("/0", "/3"))
    record_each(recorder, "p", "m")
    recorder.flush()
    refused = recorder.stats()["last_error"]
    change_user(admin, "writer", "+select")

    assert refused == "not permitted: select"
    assert recorder.flush()


async def test_a_cluster_needs_two_rights_more(make_recorder: MakeRecorder) -> None:
    """Writer and reader ask a node who serves what, and where a slot is on its way to."""
    with RedisCluster(masters=1, has_replicas=False) as cluster:
        [node] = cluster.servers
        urls: dict[Role, str] = {role: user_url(node, role) for role in COMMANDS}
        with node.client() as client:
            for role in urls:
                change_user(client, role, *(f"+{command}" for command in IN_A_CLUSTER))
            recorder = make_recorder(urls["writer"].replace("redis://", "redis+cluster://"))
            record_each(recorder, "p", "m", latency_ms=5, gateway="g")
            is_flushed = recorder.flush()
            async with MetricsStore(urls["reader"].replace("redis://", "redis+cluster://")) as store:
                totals = await store.totals()

            assert is_flushed
            assert recorder.stats()["lacking_rights"] == []
            assert totals.providers["p"].counters["total_requests"] == 1
            assert denials(client) == []


def test_the_table_of_rights_holds_every_command_of_the_scripts() -> None:
    """A script that learns a command makes this fail until the rights name it."""
    called = {
        command.lower()
        for name in ("apply", "seal", "admit", "transition", "lease", "rejections")
        for command in re.findall(r"(?:call|try)\('([A-Z]+)'", scripts.source(name))
    }

    assert called <= set(COMMANDS["writer"])
    assert set(COMMANDS["writer"]) | set(COMMANDS["reader"]) <= {*TRIALS, "multi", "exec", "discard"}


@pytest.mark.parametrize("lacking", [[], ["discard"]])
def test_trying_rights_changes_nothing(server: RedisServer, admin: redis.Redis, lacking: list[str]) -> None:
    """Neither a key nor an open transaction is left, whether or not the user may discard one."""
    key = KEYS.totals("p")
    admin.hset(key, "f", "1")
    before = admin.dump(key)
    url = user_url(server, "writer", without="".join(lacking))
    for _ in range(2):
        with connect(url) as client:
            assert lacking_rights(client, "writer", key) == lacking
            assert client.hget(key, "f") == b"1"

    assert admin.dump(key) == before
    assert admin.keys("*") == [key.encode()]
