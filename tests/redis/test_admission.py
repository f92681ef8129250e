"""Tests of which names become series, decided in a real Redis for all writers."""

import subprocess
import sys
import time
from typing import Final

import pytest
import redis

from tests.support.chaos_proxy import ChaosProxy
from tests.support.redis_server import RedisServer
from tokenpulse.flushing.admission import CONFIRM_SECONDS, REFUSAL_SECONDS, Admission
from tokenpulse_shared.keyspace import TOTALS_RETENTION_SECONDS
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.redis_client import connect

_INDEX: Final = "models:{p}"
_NOW: Final = 1_700_000_000.0


def _admission(client: redis.Redis, most: int = 3) -> Admission:
    return Admission(client, most=most, ttl_seconds=600)


def _resolve(admission: Admission, *names: str, now: float = _NOW, monotonic: float = 0.0) -> set[str]:
    return admission.resolve(_INDEX, dict.fromkeys(names, True), now, monotonic)


def _members(client: redis.Redis) -> set[bytes]:
    return set(client.zrange(_INDEX, 0, -1))


def _commands(client: redis.Redis) -> int:
    return int(client.info("stats")["total_commands_processed"])


def test_admits_while_there_is_room(redis_client: redis.Redis) -> None:
    """The first names get a place, the next are refused; the index lives on for its time."""
    admission = _admission(redis_client)

    assert _resolve(admission, "a", "b", "c", "d", "e") == {"d", "e"}
    assert _members(redis_client) == {b"a", b"b", b"c"}
    assert redis_client.zscore(_INDEX, "a") == _NOW
    assert redis_client.ttl(_INDEX) == 600
    assert set(admission.admitted[_INDEX]) == {"a", "b", "c"}


def test_the_series_for_the_rest_takes_no_place(redis_client: redis.Redis) -> None:
    """`__other__` in the index leaves as much room for names as its absence does."""
    redis_client.zadd(_INDEX, {OTHER: _NOW})

    assert _resolve(_admission(redis_client), OTHER, "a", "b", "c", "d") == {"d"}


def test_an_index_without_a_time_to_live_keeps_none(redis_client: redis.Redis) -> None:
    """Zero means for good."""
    Admission(redis_client, most=3, ttl_seconds=0).resolve(_INDEX, {"a": True}, _NOW, 0.0)

    assert redis_client.ttl(_INDEX) == -1


def test_two_writers_agree(redis_client: redis.Redis) -> None:
    """What one writer had admitted, the other knows; together they keep the bound."""
    one, other = _admission(redis_client), _admission(redis_client)
    _resolve(one, "a", "b")

    assert _resolve(other, "b", "c", "d") == {"d"}
    assert _resolve(one, "a", "c", "d", "e") == {"d", "e"}
    assert _members(redis_client) == {b"a", b"b", b"c"}


_WRITER: Final = """
import sys
from tests.support.redis_server import RedisServer
from tokenpulse.flushing.admission import Admission
from tokenpulse_shared.redis_client import connect
admission = Admission(connect(sys.argv[1]), most=50, ttl_seconds=600)
names = [f"m{number}" for number in range(int(sys.argv[2]), int(sys.argv[2]) + 60)]
for name in names:
    admission.resolve("models:{p}", {name: True}, 1_700_000_000.0, 0.0)
print(*sorted(admission.admitted["models:{p}"]))
"""


def test_two_processes_at_once_keep_the_bound(redis_url: str, redis_client: redis.Redis) -> None:
    """Two processes that ask at the same time share exactly the places there are."""
    processes = [
        subprocess.Popen([sys.executable, "-c", _WRITER, redis_url, first], stdout=subprocess.PIPE, text=True)
        for first in ("0", "30")
    ]
    admitted = [set(process.communicate(timeout=30)[0].split()) - {OTHER} for process in processes]
    members = {name.decode() for name in _members(redis_client)}

    assert [process.returncode for process in processes] == [0, 0]
    assert len(members) == 50
    assert admitted[0] | admitted[1] == members


def test_unworthy_names_are_only_looked_up(redis_client: redis.Redis) -> None:
    """A name that has not earned a series is not added, but used when another writer had it admitted."""
    _resolve(_admission(redis_client), "known")
    admission = _admission(redis_client)

    assert admission.resolve(_INDEX, {"known": False, "new": False}, _NOW, 0.0) == {"new"}
    assert _members(redis_client) == {b"known"}
    assert admission.resolve(_INDEX, {"new": True}, _NOW, 0.0) == set()


def test_answers_are_remembered(redis_client: redis.Redis) -> None:
    """Within a time neither admitted nor refused names are asked for again; refused ones are after it."""
    admission = _admission(redis_client, most=1)
    _resolve(admission, "a", "b")
    before = _commands(redis_client)
    _resolve(admission, "a", "b", monotonic=REFUSAL_SECONDS - 0.5)

    assert _commands(redis_client) == before + 1  # the INFO itself

    redis_client.zrem(_INDEX, "a")

    assert _resolve(admission, "a", "b", monotonic=REFUSAL_SECONDS) == set()
    assert _members(redis_client) == {b"b"}


def test_an_admitted_name_is_confirmed_while_it_is_used(redis_client: redis.Redis) -> None:
    """Asked for again after its time it keeps its place, also by a use that would not earn one; its score moves on."""
    admission = _admission(redis_client)
    _resolve(admission, "a")
    refused = admission.resolve(_INDEX, {"a": False}, _NOW + 700, CONFIRM_SECONDS)

    assert refused == set()
    assert redis_client.zscore(_INDEX, "a") == _NOW + 700

    redis_client.delete(_INDEX)

    assert admission.resolve(_INDEX, {"a": False}, _NOW + 1400, 2 * CONFIRM_SECONDS) == set()
    assert _members(redis_client) == {b"a"}


def test_a_place_that_others_took_is_lost(redis_client: redis.Redis) -> None:
    """When Redis lost the index and others filled it, the name is refused at its next confirmation."""
    admission = _admission(redis_client, most=1)
    _resolve(admission, "a")
    redis_client.delete(_INDEX)
    _resolve(_admission(redis_client, most=1), "b")

    assert _resolve(admission, "a") == set()

    admission.forget()

    assert _resolve(admission, "a") == {"a"}
    assert admission.admitted[_INDEX] == {}
    assert _members(redis_client) == {b"b"}


def test_what_is_remembered_of_an_index_is_bounded(redis_client: redis.Redis) -> None:
    """An index that is lost again and again leaves at most twice its size of names behind."""
    admission = _admission(redis_client)
    for number in range(50):
        redis_client.delete(_INDEX)
        _resolve(admission, f"m{number}", monotonic=number * CONFIRM_SECONDS)
        assert len(admission.admitted[_INDEX]) <= 6


def test_a_trusted_name_is_never_asked_for(redis_client: redis.Redis) -> None:
    """What another process had admitted counts as such."""
    admission = _admission(redis_client)
    admission.trust(_INDEX, "a")

    assert _resolve(admission, "a", monotonic=10 * CONFIRM_SECONDS) == set()
    assert _members(redis_client) == set()


def test_many_indexes_are_asked_at_once(redis_client: redis.Redis) -> None:
    """One that cannot answer keeps the others from nothing; nobody is asked for what is known."""
    admission = _admission(redis_client)
    _resolve(admission, "a")
    redis_client.config_resetstat()
    questions = [(_INDEX, {"a": True}), ("x", {"b": True, OTHER: True}), ("y", {"c": False})]
    failures = admission.ask(questions, _NOW, 0.0)

    assert failures == [None, None, None]
    assert redis_client.info("commandstats")["cmdstat_evalsha"]["calls"] == 2
    assert [admission.refused(key, names) for key, names in questions] == [set(), set(), {"c"}]
    assert redis_client.zrange("x", 0, -1) == [b"b"]


def test_a_writer_whose_clock_is_ahead_evicts_nobody(redis_client: redis.Redis) -> None:
    """However idle the names look by its clock: Redis's own time is looked at as well."""
    now = time.time()
    _resolve(_admission(redis_client), "a", now=now)

    assert _resolve(_admission(redis_client), "b", now=now + 400 * 86400) == set()
    assert _members(redis_client) == {b"a", b"b"}


def test_refusals_remembered_are_bounded(redis_client: redis.Redis) -> None:
    """A flood of refused names is forgotten rather than kept."""
    admission = _admission(redis_client, most=1)
    for number in range(100):
        _resolve(admission, f"m{number}")
        assert len(admission._refused_until[_INDEX]) <= 5


def test_idle_names_make_room(redis_client: redis.Redis) -> None:
    """A name unused for the retention of its totals loses its place."""
    _resolve(_admission(redis_client, most=1), "old")

    later = _NOW + TOTALS_RETENTION_SECONDS
    assert _resolve(_admission(redis_client, most=1), "new", now=later - 1) == {"new"}
    assert _resolve(_admission(redis_client, most=1), "new", now=later) == set()
    assert _members(redis_client) == {b"new"}


def test_an_index_that_holds_something_else_admits_nobody(redis_client: redis.Redis) -> None:
    """A foreign key where the index should be is left alone; names count as the rest until it is gone."""
    redis_client.set(_INDEX, "mine")
    admission = _admission(redis_client)

    assert _resolve(admission, "a", "b") == {"a", "b"}
    assert redis_client.get(_INDEX) == b"mine"
    assert redis_client.ttl(_INDEX) == -1

    redis_client.delete(_INDEX)

    assert _resolve(admission, "a", "b", monotonic=REFUSAL_SECONDS) == set()


def test_an_index_that_takes_no_writes_is_an_error(redis_server: RedisServer) -> None:
    """A server that refuses says so for each index; nothing is remembered, and it is asked again."""
    with redis_server.client() as client:
        admission = _admission(client)
        client.config_set("min-replicas-to-write", 1)
        failures = admission.ask([(_INDEX, {"a": True}), ("x", {"b": True})], _NOW, 0.0)
        with pytest.raises(redis.ResponseError, match="NOREPLICAS"):
            _resolve(admission, "a")

        assert ["NOREPLICAS" in str(failure) for failure in failures] == [True, True]
        assert admission.refused(_INDEX, {"a": True}) == {"a"}

        client.config_set("min-replicas-to-write", 0)

        assert _resolve(admission, "a") == set()


def test_a_stray_reply_admits_nobody(redis_server: RedisServer) -> None:
    """A reply that is not to the question is refused, whatever it holds; on a new connection the answer comes."""
    with ChaosProxy(redis_server.port) as proxy, connect(proxy.url) as client:
        admission = _admission(client, most=1)
        assert _resolve(admission, "a") == set()
        proxy.plan.break_next("stray_reply")  # of two items, the last no refusal: as if "b" were admitted
        with pytest.raises(redis.exceptions.InvalidResponse, match="not this index's"):
            _resolve(admission, "b")

        assert _resolve(admission, "b") == {"b"}


def test_unreachable_index_is_an_error(redis_client: redis.Redis) -> None:
    """A question that Redis refuses changes no answer."""
    admission = _admission(redis_client)
    _resolve(admission, "a")
    with connect("redis://127.0.0.1:1/0") as dead:
        admission._client = dead
        with pytest.raises(redis.ConnectionError):
            _resolve(admission, "b")

    assert _resolve(admission, "a") == set()
