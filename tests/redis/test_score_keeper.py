"""Score keepers of several readers on a real Redis: one computes, all serve the same."""

import logging
from collections.abc import AsyncIterator, Callable

import pytest
import redis

from tests.support.boards import board, minute, window
from tests.support.clock import FakeClock
from tests.support.redis_server import RedisServer
from tokenpulse_reader.snapshots.leader import REFUSED_SECONDS, Leadership
from tokenpulse_reader.snapshots.score_keeper import ScoreKeeper
from tokenpulse_shared.health.board_store import BoardStore, Term
from tokenpulse_shared.health.score_board import ScoreBoard
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_client import connect_async
from tokenpulse_shared.redis_reads import RedisReads
from tokenpulse_shared.windows.series_window import SeriesWindow

KEYS = Keyspace()
START = 1_700_000_000.0 // 60 * 60 + 30.0


class Reader:
    """One reader's keeper with its own clock."""

    def __init__(self, url: str, name: str) -> None:
        self.clock = FakeClock(START)
        self.client = connect_async(url)
        self.boards = BoardStore(RedisReads(self.client), KEYS)
        self.leadership = Leadership(self.boards, self.clock, name, 2.0)
        self.keeper = ScoreKeeper(self.boards, self.leadership, 60.0, 10.0)

    async def board(self, *windows: SeriesWindow) -> ScoreBoard:
        """Return the board it serves now."""
        return await self.keeper.board(windows, self.clock.time())


@pytest.fixture
async def reader(redis_url: str) -> AsyncIterator[Callable[[str], Reader]]:
    opened: list[Reader] = []

    def make(name: str) -> Reader:
        opened.append(Reader(redis_url, name))
        return opened[-1]

    yield make
    for one in opened:
        await one.client.aclose()


def groq(now: float, successes: int = 20, faults: int = 0) -> SeriesWindow:
    """Return a window of one minute, the current one."""
    return window("groq", now, minute(int(now // 60) * 60, successes, faults))


async def test_all_readers_serve_what_one_of_them_computed(reader: Callable[[str], Reader]) -> None:
    """The second sees other numbers, and still serves the first one's, until the next board."""
    first, second = reader("a"), reader("b")
    one = await first.board(groq(START))
    other = await second.board(groq(START, 5, 15))
    first.clock.advance(59.0)
    still = await first.board(groq(START, 10, 10))
    first.clock.advance(1.0)
    second.clock.advance(60.0)
    next_one = await first.board(groq(START, 10, 10))
    next_other = await second.board(groq(START))

    assert one == other == still
    assert (one.source, one.term, one.providers["groq"].health.sample_count) == ("leader", 1, 20)
    assert next_one == next_other
    assert next_one.computed_at == START + 60.0
    assert next_one.providers["groq"].window.calls.faults == 10


async def test_another_takes_over_and_goes_on_from_the_last_board(
    reader: Callable[[str], Reader], redis_client: redis.Redis
) -> None:
    """The lease of the first has run out: statuses keep their margin, the term is the next."""
    first, second = reader("a"), reader("b")
    await first.board(groq(START, 100, 0))
    await second.board(groq(START, 100, 0))
    redis_client.delete(KEYS.health_lease())
    second.clock.advance(60.0)
    taken = await second.board(groq(START, 778, 222))

    assert (taken.term, taken.providers["groq"].health.score) == (2, 78.46)
    assert taken.providers["groq"].health.status == "healthy"
    assert taken.providers["groq"].is_held_by_margin
    assert taken.providers["groq"].status_since == START


async def test_a_paused_leader_serves_what_came_meanwhile(
    reader: Callable[[str], Reader], redis_client: redis.Redis
) -> None:
    """He computes one for a term that is over; it is refused; from then on he follows."""
    first, second = reader("a"), reader("b")
    await first.board(groq(START))
    redis_client.delete(KEYS.health_lease())
    second.clock.advance(60.0)
    newer = await second.board(groq(START, 10, 10))
    first.clock.advance(0.5)  # he was stopped; his own clock hardly moved, so he believes in his lease
    assert await first.leadership.current() == Term(1, "a")
    late = await first.keeper.board([groq(START)], START + 120.0)

    assert late == newer
    assert await first.leadership.current() is None


async def test_what_is_new_known_or_dead_does_not_wait(reader: Callable[[str], Reader]) -> None:
    one = reader("a")
    computed_at = [(await one.board(groq(START, 4))).computed_at]
    for windows in (
        (groq(START, 4),),  # nothing new
        (groq(START, 5),),  # known from now on
        (groq(START, 5), window("new", START)),  # a second provider
        (groq(START, 5), window("new", START)),
        (groq(START, 5, 4), window("new", START)),  # not yet enough to call it dead
        (groq(START, 5, 40), window("new", START)),
        (groq(START, 5, 60), window("new", START)),  # dead already
    ):
        one.clock.advance(1.0)
        computed_at.append((await one.board(*windows)).computed_at)
    last = await one.board(groq(START, 5, 60))

    assert [at - START for at in computed_at] == [0.0, 0.0, 2.0, 3.0, 3.0, 3.0, 6.0, 6.0]
    assert last.providers["groq"].health.status == "unhealthy"
    assert last.providers["new"].health.status == "unknown"


async def test_a_clock_that_jumped_back_does_not_stop_the_scores(reader: Callable[[str], Reader]) -> None:
    one = reader("a")
    await one.board(groq(START))
    one.clock.jump(-3600.0)

    assert (await one.board(groq(START - 3600.0))).computed_at == START - 3600.0


async def test_who_may_not_write_computes_for_himself(
    reader: Callable[[str], Reader], redis_client: redis.Redis, caplog: pytest.LogCaptureFixture
) -> None:
    """At the same pace, with the source told; told once in the log; asked again after a minute."""
    one = reader("a")
    redis_client.rpush(KEYS.health_lease(), "not ours")
    with caplog.at_level(logging.WARNING, "tokenpulse_reader.snapshots.leader"):
        first = await one.board(groq(START))
        one.clock.advance(59.0)
        same = await one.board(groq(START, 10, 10))
        one.clock.advance(REFUSED_SECONDS - 59.0)
        second = await one.board(groq(START, 10, 10))
        redis_client.delete(KEYS.health_lease())
        one.clock.advance(REFUSED_SECONDS)
        leading = await one.board(groq(START))

    assert same is first
    assert (first.source, first.term, first.providers["groq"].source) == ("local", 0, "local")
    assert second.providers["groq"].window.calls.faults == 10
    assert (leading.source, leading.term) == ("leader", 1)
    assert len(caplog.records) == 1


async def test_who_may_not_write_serves_what_another_computed(
    reader: Callable[[str], Reader], redis_client: redis.Redis
) -> None:
    first, second = reader("a"), reader("b")
    led = await first.board(groq(START))
    redis_client.delete(KEYS.health_lease())
    redis_client.rpush(KEYS.health_lease(), "not ours")

    assert await second.board(groq(START, 1, 19)) == led


@pytest.mark.parametrize(
    ("key", "age_seconds"), [(KEYS.health_term(), 1.0), (KEYS.provider_health_guard(), 0.0)]
)
async def test_a_leader_that_can_no_longer_write_goes_on_alone(
    reader: Callable[[str], Reader], redis_client: redis.Redis, key: str, age_seconds: float
) -> None:
    """Nothing stored: he keeps what he served until it is due, then computes for himself."""
    one = reader("a")
    await one.board(groq(START))
    redis_client.delete(key)
    redis_client.rpush(key, "not ours")
    redis_client.delete(KEYS.health_scores_current())
    one.clock.advance(1.0)
    kept = await one.board(groq(START))
    one.clock.advance(59.0)
    redis_client.delete(KEYS.health_scores_current())
    own = await one.board(groq(START))

    assert START + 1.0 - kept.computed_at == age_seconds
    assert (kept.source, await one.leadership.current()) == ("leader", None)
    assert (own.source, own.computed_at) == (
        ("local", START + 60.0) if age_seconds else ("leader", START + 1.0)
    )


async def test_scores_of_a_lost_board_go_on_from_memory(
    reader: Callable[[str], Reader], redis_client: redis.Redis
) -> None:
    """Redis was emptied: the next board keeps the statuses' history."""
    one = reader("a")
    await one.board(groq(START))
    redis_client.flushdb()
    one.clock.advance(5.0)
    again = await one.board(groq(START))

    assert (again.term, again.providers["groq"].status_since) == (1, START)
    assert board(START, 1, groq=(20, 0)).providers["groq"].health == again.providers["groq"].health


async def test_a_reader_that_ends_lets_another_lead_at_once(
    reader: Callable[[str], Reader], redis_client: redis.Redis
) -> None:
    """Its own lease goes, another's stays; the reader that is left leads at its next refresh."""
    first, second = reader("a"), reader("b")
    await first.board(groq(START))
    await second.board(groq(START))
    await second.keeper.aclose()
    held = redis_client.get(KEYS.health_lease())
    await first.keeper.aclose()
    second.clock.advance(60.0)
    taken = await second.board(groq(START, 10, 10))

    assert held == b"a"
    assert (taken.term, taken.source, redis_client.get(KEYS.health_lease())) == (2, "leader", b"b")


async def test_a_reader_that_was_overtaken_leaves_the_lease_alone(
    reader: Callable[[str], Reader], redis_client: redis.Redis
) -> None:
    """It was paused, another leads, it ends without having learned of it."""
    first, second = reader("a"), reader("b")
    await first.board(groq(START))
    redis_client.delete(KEYS.health_lease())
    await second.board(groq(START))
    await first.keeper.aclose()

    assert redis_client.get(KEYS.health_lease()) == b"b"


async def test_a_reader_that_dies_is_replaced_when_its_lease_is_over(
    reader: Callable[[str], Reader], redis_client: redis.Redis
) -> None:
    """Nobody gives the lease back: it is there until it runs out."""
    first, second = reader("a"), reader("b")
    await first.board(groq(START))
    followed = await second.board(groq(START))
    remaining_milliseconds = redis_client.pttl(KEYS.health_lease())
    redis_client.pexpire(KEYS.health_lease(), 1)
    while redis_client.exists(KEYS.health_lease()):
        pass
    second.clock.advance(60.0)

    assert 0 < remaining_milliseconds <= 10_000
    assert followed.term == 1
    assert (await second.board(groq(START))).term == 2


async def test_the_end_without_redis_is_an_end(
    redis_server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """A lease that cannot be given back runs out; a reader that never asked for it asks nothing."""
    one, other = Reader(redis_server.url, "a"), Reader(redis_server.url, "b")
    await one.board(groq(START))
    redis_server.kill()
    with caplog.at_level(logging.DEBUG, "tokenpulse_reader.snapshots.leader"):
        await other.keeper.aclose()
        unasked = len(caplog.records)
        await one.keeper.aclose()
    for reader in (one, other):
        await reader.client.aclose()

    assert (unasked, len(caplog.records)) == (0, 1)
