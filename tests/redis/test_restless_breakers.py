"""Tests of which breakers a writer asks Redis for: those that may have moved, in one real Redis."""

from collections.abc import Callable

import pytest
import redis
import redis.asyncio

from tests.support.clock import FakeClock
from tokenpulse.batches.operations import Calls, Operations
from tokenpulse.breakers.breaker_memory import BreakerMemory
from tokenpulse.breakers.breakers import Breakers
from tokenpulse.breakers.restless_breakers import ASK_AGAIN_SECONDS, LOOK_AGAIN_SECONDS, RestlessBreakers
from tokenpulse.guard import Guard
from tokenpulse.writing.script_call import Script
from tokenpulse_shared.circuits.circuit_orders import order_circuit
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_reads import RedisReads

_KEYS = Keyspace()
_APPLY = Script("apply")
_HEALTHY = [Calls(f"healthy-{number}", 5, 0, 0) for number in range(50)]
_WAIT_SECONDS = 60.0
"""How long a breaker is open the first time."""


class _Writer:
    """Count calls as a flush does, then look at the breakers."""

    def __init__(self, client: redis.Redis) -> None:
        self._client = client
        self.guard = Guard(FakeClock())
        self._breakers = Breakers(client, _KEYS, self.guard, BreakerMemory(FakeClock().monotonic))
        self._sequence = 0

    def look(self, calls: list[Calls], now: float) -> int:
        """Return how many hashes Redis was asked for; a move, too, asks for one."""
        operations = Operations()
        for call in calls:
            operations.calls(_KEYS.circuit("p", call.model), _KEYS.circuit_totals("p"), call)
        arguments = (str(id(self)), self._sequence, self._sequence + 1, 600, operations.encode())
        assert _APPLY.call(self._client, "guard:{p}", *arguments)[0] == b"OK"
        self._sequence += 1
        self._client.config_resetstat()
        self._breakers.look("p", calls, now)
        return int(self._client.info("commandstats").get("cmdstat_hgetall", {"calls": 0})["calls"])

    def forget_batches(self) -> None:
        """Number batches anew, as is right for a Redis that is empty."""
        self._sequence = 0


@pytest.fixture
def make_writer(redis_client: redis.Redis) -> Callable[[], _Writer]:
    return lambda: _Writer(redis_client)


@pytest.fixture
def now(redis_client: redis.Redis) -> float:
    return float(redis_client.time()[0])


def _state(client: redis.Redis, model: str = "m") -> bytes | None:
    state: bytes | None = client.hget(_KEYS.circuit("p", model), "state")
    return state


def test_healthy_models_cost_one_question_for_all(make_writer: Callable[[], _Writer], now: float) -> None:
    """The index of a provider is asked every 30 s, none of its fifty breakers for ten minutes."""
    writer = make_writer()
    asked = [
        writer.look(_HEALTHY, now + seconds)
        for seconds in (0.0, 1.0, ASK_AGAIN_SECONDS - 1.0, ASK_AGAIN_SECONDS, ASK_AGAIN_SECONDS + 1.0)
    ]

    assert asked == [1, 0, 0, 1, 0]
    assert writer.look(_HEALTHY, now + LOOK_AGAIN_SECONDS) == 1 + len(_HEALTHY)


def test_a_fault_is_looked_at_in_any_case(
    make_writer: Callable[[], _Writer], redis_client: redis.Redis, now: float
) -> None:
    """However short ago the index was asked; and only its own breaker."""
    writer = make_writer()
    writer.look(_HEALTHY, now)

    assert writer.look([*_HEALTHY, Calls("m", 0, 1, 1)], now + 1) == 1
    writer.look([Calls("m", 0, 4, 4)], now + 2)
    assert _state(redis_client) == b"OPEN"


def test_an_open_breaker_is_not_asked_for_before_its_wait_is_over(
    make_writer: Callable[[], _Writer], redis_client: redis.Redis, now: float
) -> None:
    """Neither by who opened it nor by who learnt of it: successes meanwhile move nothing."""
    opener, other = make_writer(), make_writer()
    opener.look([Calls("m", 0, 5, 5)], now)
    good = [Calls("m", 1, 0, 0)]

    assert [opener.look(good, now + seconds) for seconds in (1, 29)] == [0, 0]
    assert [other.look(good, now + seconds) for seconds in (31, 32, _WAIT_SECONDS - 1)] == [1, 0, 0]
    other.look(good, now + _WAIT_SECONDS)
    assert _state(redis_client) == b"HALF_OPEN"
    other.look(good, now + _WAIT_SECONDS + 1)
    assert _state(redis_client) == b"CLOSED"
    assert other.look(good, now + _WAIT_SECONDS + 2) == 0


def test_a_breaker_opened_by_another_is_known_by_the_time_its_probes_begin(
    make_writer: Callable[[], _Writer], redis_client: redis.Redis, now: float
) -> None:
    """A writer that asked the moment before it opened asks again before its wait is over."""
    witness, opener = make_writer(), make_writer()
    good = [Calls("m", 1, 0, 0)]
    witness.look(good, now)
    opener.look([Calls("m", 0, 5, 5)], now)
    witness.look(good, now + ASK_AGAIN_SECONDS)
    witness.look(good, now + _WAIT_SECONDS)
    witness.look(good, now + _WAIT_SECONDS + 1)

    assert _state(redis_client) == b"CLOSED"


async def test_a_breaker_that_a_person_holds_is_left_alone(
    make_writer: Callable[[], _Writer], redis_client: redis.Redis, redis_url: str, now: float
) -> None:
    """No call moves it, so none asks for it, but a fault; once it is reset it opens by itself again."""
    writer, holder = make_writer(), RedisReads(redis.asyncio.Redis.from_url(redis_url))
    good, bad = [Calls("m", 1, 0, 0)], [Calls("m", 0, 5, 5)]
    await order_circuit(holder, _KEYS, ("p", "m"), "open", now)

    assert [writer.look(good, now), writer.look(bad, now + 1), writer.look(good, now + 120)] == [1, 1, 1]
    await order_circuit(holder, _KEYS, ("p", "m"), "reset", now + 121)
    assert _state(redis_client) == b"CLOSED"
    writer.look(bad, now + 122)
    assert _state(redis_client) == b"OPEN"
    await holder.client.aclose()


@pytest.mark.parametrize("is_foreign", [False, True], ids=["evicted", "foreign"])
def test_without_an_index_breakers_are_asked_themselves(
    make_writer: Callable[[], _Writer], redis_client: redis.Redis, now: float, is_foreign: bool
) -> None:
    """Redis may evict it, or hold something else there: an open breaker is found all the same, later."""
    witness, opener = make_writer(), make_writer()
    good, index = [Calls("m", 1, 0, 0)], _KEYS.moved_circuits("p")
    opener.look([Calls("m", 0, 5, 5)], now)
    redis_client.delete(index)
    if is_foreign:
        redis_client.set(index, "theirs")
    witness.look(good, now + 61)
    assert _state(redis_client) == b"OPEN"

    witness.look(good, now + 61 + LOOK_AGAIN_SECONDS)
    witness.look(good, now + 62 + LOOK_AGAIN_SECONDS)
    assert _state(redis_client) == b"CLOSED"
    assert witness.guard.counts().get("fault:breaker_unreadable", 0) == 2 * is_foreign


def test_a_redis_that_lost_everything_is_at_rest(
    make_writer: Callable[[], _Writer], redis_client: redis.Redis, now: float
) -> None:
    """What was open is looked at once, when its wait would be over, then no more."""
    writer = make_writer()
    writer.look([Calls("m", 0, 5, 5)], now)
    redis_client.flushall()
    writer.forget_batches()
    good = [Calls("m", 1, 0, 0)]

    assert [writer.look(good, now + _WAIT_SECONDS + seconds) for seconds in (0, 1, 2)] == [2, 0, 0]
    assert _state(redis_client) is None


def test_a_clock_that_was_set_back_delays_no_question(make_writer: Callable[[], _Writer], now: float) -> None:
    """Neither the index's nor a breaker's."""
    writer = make_writer()
    writer.look(_HEALTHY, now + 3600)

    assert writer.look(_HEALTHY, now) == 1 + len(_HEALTHY)
    assert writer.look(_HEALTHY, now + 1) == 0


def test_names_that_come_and_go_are_forgotten(
    redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch, now: float
) -> None:
    """Over months more names lose their place than there are: no more are held than the bound and one look's."""
    monkeypatch.setattr("tokenpulse.breakers.restless_breakers.MAX_REMEMBERED", 20)
    restless = RestlessBreakers(redis_client, _KEYS, Guard(FakeClock()))
    for day in range(30):
        restless.ask(f"p{day}", now + day)
        for number in range(10):
            restless.may_move(f"p{day}", Calls(f"m{number}", 1, 0, 0), now + day)

    assert len(restless._looked_at) <= 20 + 10
    assert len(restless._asked_at) <= 3


def test_what_is_forgotten_is_asked_for_again(
    make_writer: Callable[[], _Writer],
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    now: float,
) -> None:
    """A breaker that is open is known again before its probes begin, however many names there are."""
    monkeypatch.setattr("tokenpulse.breakers.restless_breakers.MAX_REMEMBERED", len(_HEALTHY) - 1)
    witness, opener = make_writer(), make_writer()
    opener.look([Calls("m", 0, 5, 5)], now)
    good = [Calls("m", 1, 0, 0)]

    assert [witness.look(_HEALTHY, now), witness.look(_HEALTHY, now + 1)] == [1, 1]
    assert witness.look(good, now + 59) == 1
    assert witness.look(good, now + 61) == 2
    assert _state(redis_client) == b"HALF_OPEN"
