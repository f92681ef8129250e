"""The Lua scripts of breakers, on a real Redis as in the embedded store."""

import orjson
import pytest
import redis

from tests.support.apply_script import hash_of
from tokenpulse_shared import scripts
from tokenpulse_shared.breaker import Circuit, Move
from tokenpulse_shared.circuits.circuit_moves import transition_call
from tokenpulse_shared.keyspace import FORCED_RETENTION_SECONDS, TOTALS_RETENTION_SECONDS, Keyspace

KEYS = Keyspace()
CIRCUIT, COUNTERS, INDEX = KEYS.circuit("p", "m"), KEYS.circuit_totals("p"), KEYS.moved_circuits("p")
OPEN = Circuit(state="OPEN", changed_at=1_000.0, opened_at=1_000.0, open_seconds=60.0)
OPENED: tuple[Move, ...] = (("CLOSED", "OPEN"),)


def _move(
    client: redis.Redis,
    after: Circuit,
    moves: tuple[Move, ...] = (),
    *,
    model: str = "m",
    now: float = 1_000.0,
) -> int:
    key, arguments = transition_call(KEYS, ("p", model), after, moves, now)
    reply: int = client.eval(scripts.source("transition"), 1, key, *arguments)
    return reply


def _lease(
    client: redis.Redis,
    wanted: str,
    *,
    renewed: str = "",
    returned: str = "",
    seconds: float = 60.0,
    most: int = 2,
) -> list[str]:
    reply: list[bytes] = client.eval(
        scripts.source("lease"), 1, CIRCUIT, most, str(seconds), returned, renewed, wanted
    )
    return [lease_id.decode() for lease_id in reply]


def _reject(client: redis.Redis, writer: str, acknowledged: int, count: int) -> int:
    reply: int = client.eval(scripts.source("rejections"), 1, COUNTERS, writer, acknowledged, count, 60)
    return reply


def test_only_one_of_two_transitions_wins(client: redis.Redis) -> None:
    """The version expected decides; other fields stay; the loser's move is not counted."""
    client.hset(CIRCUIT, "slot:1", "1:2:3")
    replies = [_move(client, OPEN, OPENED), _move(client, Circuit(changed_at=7.0), OPENED)]

    assert replies == [1, 0]
    assert hash_of(client, CIRCUIT) == {
        "slot:1": "1:2:3", "version": "1", "state": "OPEN", "changed_at": "1000.0", "opened_at": "1000.0",
        "open_seconds": "60.0", "half_open_successes": "0", "forced": "",
    }  # fmt: skip
    assert hash_of(client, COUNTERS) == {"moved:CLOSED:OPEN": "1"}
    assert orjson.loads(hash_of(client, INDEX)["m"]) == ["OPEN", 1060.0, None, 1900]
    assert (client.ttl(CIRCUIT), client.ttl(COUNTERS)) == (900, TOTALS_RETENTION_SECONDS)
    assert client.ttl(INDEX) == FORCED_RETENTION_SECONDS


def test_a_breaker_at_rest_leaves_the_index(client: redis.Redis) -> None:
    """Closed by itself it is in no index, its row of faults is forgotten; forced closed it stays in there."""
    _move(client, OPEN, OPENED)
    client.hset(CIRCUIT, "streak", 5)
    closed = Circuit(changed_at=1_001.0, version=1)

    assert _move(client, closed, (("OPEN", "CLOSED"),)) == 1
    assert hash_of(client, INDEX) == {}
    assert hash_of(client, CIRCUIT)["streak"] == "0"
    assert _move(client, Circuit(forced="closed", changed_at=1_002.0, version=2)) == 1
    assert orjson.loads(hash_of(client, INDEX)["m"]) == [
        "CLOSED",
        None,
        "closed",
        1000 + FORCED_RETENTION_SECONDS,
    ]
    assert client.ttl(CIRCUIT) == FORCED_RETENTION_SECONDS


def test_forgotten_breakers_are_swept_from_the_index(client: redis.Redis) -> None:
    """An entry goes once its breaker's hash has expired; the last second still counts."""
    _move(client, OPEN, OPENED, model="old", now=1_000.0)
    _move(client, OPEN, OPENED, model="new", now=1_899.0)
    assert sorted(hash_of(client, INDEX)) == ["new", "old"]

    _move(client, OPEN, OPENED, now=1_900.0)

    assert sorted(hash_of(client, INDEX)) == ["m", "new"]


def test_foreign_keys_cost_only_their_own_part(client: redis.Redis) -> None:
    """Counters or an index that hold something else stay as they are; the breaker moves."""
    client.set(COUNTERS, "theirs")
    client.set(INDEX, "theirs")

    assert _move(client, OPEN, OPENED) == 1
    assert hash_of(client, CIRCUIT)["state"] == "OPEN"
    assert (client.get(COUNTERS), client.get(INDEX)) == (b"theirs", b"theirs")
    assert (client.ttl(COUNTERS), client.ttl(INDEX)) == (-1, -1)


def test_at_most_so_many_probes_are_out(client: redis.Redis) -> None:
    """The next one waits until one is given back; renewing takes no further place."""
    client.hset(CIRCUIT, "state", "HALF_OPEN")

    assert _lease(client, "a") == ["a"]
    assert _lease(client, "b c") == ["b"]
    assert _lease(client, "d", renewed="a b") == ["a", "b"]
    assert _lease(client, "d", returned="a", renewed="b") == ["b", "d"]


def test_probes_of_a_dead_owner_end(client: redis.Redis) -> None:
    """A lease that ended makes room, and cannot be renewed; one that did not end stays."""
    client.hset(CIRCUIT, "state", "HALF_OPEN")
    seconds, _ = client.time()
    client.hset(CIRCUIT, mapping={"probe:dead": seconds * 1000 - 1, "probe:alive": seconds * 1000 + 60_000})

    assert _lease(client, "new", renewed="dead") == ["new"]
    assert "probe:dead" not in hash_of(client, CIRCUIT)
    assert _lease(client, "more") == []


@pytest.mark.parametrize(
    ("fields", "granted"),
    [
        ({"state": "HALF_OPEN", "forced": ""}, ["a"]),
        ({"state": "HALF_OPEN", "forced": "open"}, []),
        ({"state": "OPEN"}, []),
        ({"state": "CLOSED"}, []),
        ({"seen": "1"}, []),
    ],
)
def test_only_a_half_open_breaker_grants_probes(
    client: redis.Redis, fields: dict[str, str], granted: list[str]
) -> None:
    """Not one that is open, closed, held by a person, or never moved."""
    client.hset(CIRCUIT, mapping=fields)

    assert _lease(client, "a") == granted


def test_a_probe_in_flight_keeps_its_lease_when_the_breaker_moves(client: redis.Redis) -> None:
    """It is renewed, so that it counts when the breaker is half open again."""
    client.hset(CIRCUIT, "state", "HALF_OPEN")
    _lease(client, "a b")
    client.hset(CIRCUIT, "state", "OPEN")
    assert _lease(client, "", renewed="a b") == ["a", "b"]
    client.hset(CIRCUIT, "state", "HALF_OPEN")

    assert _lease(client, "c") == []


def test_a_forgotten_breaker_leaves_nothing_to_renew(client: redis.Redis) -> None:
    """A lease whose hash has expired is not brought back."""
    assert _lease(client, "b", renewed="a", returned="c") == []
    assert not client.exists(CIRCUIT)


def test_rejections_are_counted_once(client: redis.Redis) -> None:
    """Told again they change nothing; a lost reply is made up for by the next message."""
    assert _reject(client, "w", 0, 5) == 5
    assert _reject(client, "w", 0, 5) == 5
    assert _reject(client, "w", 0, 7) == 7
    assert _reject(client, "v", 0, 2) == 2

    assert hash_of(client, COUNTERS)["rejected"] == "9"
    assert client.ttl(COUNTERS) == 60


def test_an_emptied_server_counts_only_what_is_new(client: redis.Redis) -> None:
    """What was acknowledged before is not counted again; what a failover lost of it is."""
    _reject(client, "w", 0, 5)
    client.delete(COUNTERS)
    assert _reject(client, "w", 5, 8) == 8
    assert hash_of(client, COUNTERS)["rejected"] == "3"

    client.hset(COUNTERS, mapping={"writer:w": "6:1", "rejected": "1"})
    assert _reject(client, "w", 8, 9) == 9
    assert hash_of(client, COUNTERS)["rejected"] == "4"


def test_a_count_that_fell_changes_nothing(client: redis.Redis) -> None:
    """A smaller number than the one held is somebody's old message."""
    _reject(client, "w", 0, 5)

    assert _reject(client, "w", 0, 3) == 5
    assert hash_of(client, COUNTERS)["rejected"] == "5"


def test_a_new_writer_sweeps_those_long_gone(client: redis.Redis) -> None:
    """Two days after its last word a writer is forgotten, what it counted is not."""
    seconds, _ = client.time()
    client.hset(
        COUNTERS,
        mapping={
            "writer:old": f"4:{seconds - 172_900}",
            "writer:new": f"3:{seconds - 172_700}",
            "rejected": 7,
        },
    )
    _reject(client, "w", 0, 1)

    held = hash_of(client, COUNTERS)
    assert held["rejected"] == "8"
    assert sorted(name for name in held if name.startswith("writer:")) == ["writer:new", "writer:w"]
