"""A recorder that is killed at any step, and killed again while that is mended, loses nothing and doubles nothing.

Every record carries a bit of its own in each sum, so that a sum tells which records it holds, and how often.
"""

from pathlib import Path
from typing import Any, cast

import pytest
import redis

from tests.support.killing import KilledError, Killer, leave, replay
from tests.support.ledger import load_totals
from tokenpulse.recorder import Recorder
from tokenpulse.sink import HttpExchange
from tokenpulse.spill import spill_log
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.totals.totals import http_field

SCRIPT = (
    *("p0", "p1:g1", "http", "flush"),
    *("p0:g1", "p1", "http", "p2", "flush"),
    *("p2:g2", "p3", "p0", "http", "p1:g1", "give_up"),
    *("p2", "p0:g1", "flush", "flush", "p3", "p0"),
)
"""Providers with their gateways in order; two providers are admitted, the others are refused; one flush that fails."""


class _Books:
    """Keep what was recorded, as bits: by provider, by gateway, by HTTP exchange."""

    def __init__(self) -> None:
        self.number = 0
        self.providers = self.gateways = self.exchanges = 0
        self.unsure = 0

    def next_bit(self) -> int:
        self.number += 1
        return 1 << self.number


class _Life:
    """Run the script with a recorder that spills, until it is killed."""

    def __init__(self, url: str, directory: Path, books: _Books) -> None:
        self.recorder = Recorder(url, spill_path=directory, flush_interval=60, max_providers=2)
        self.recorder._started = True  # no thread: every step is one of this test's
        self._books = books

    def do(self, word: str) -> None:
        if word == "flush":
            assert self.recorder.flush() is not None
        elif word == "give_up":
            self._fail_to_flush()
        elif word.startswith("http"):
            self._count_http()
        else:
            self._observe(*word.split(":"))

    def _observe(self, provider: str, gateway: str | None = None) -> None:
        bit = self._books.unsure = self._books.next_bit()
        self.recorder.record(
            provider=provider, model="m", gateway=gateway, tokens_input=bit, latency_ms=bit / 1000
        )
        self._books.providers |= bit
        self._books.gateways |= bit if gateway else 0
        self._books.unsure = 0

    def _count_http(self) -> None:
        bit = self._books.unsure = self._books.next_bit()
        self.recorder.count_http(HttpExchange("GET", "/a", 200, bit / 1e6, 1, 1, None))
        self._books.exchanges |= bit
        self._books.unsure = 0

    def _fail_to_flush(self) -> None:
        """Have Redis apply what is sent, and the answer get lost."""

        def lose(replies: object) -> Any:
            raise redis.ConnectionError("the reply is lost")

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("tokenpulse.writing.redis_writer.RedisWriter._check", lambda *_: lose(None))
            assert self.recorder.flush() is False


def _sums(client: redis.Redis) -> tuple[int, int, int]:
    """Return the bits that Redis holds: of providers, of gateways, of exchanges."""
    keys = Keyspace()
    whole = [fields for (_, model), fields in load_totals(client).items() if model is None]
    gateways = 0
    for key in client.keys(keys.prefix + "gateway:*"):
        gateways += int(cast("bytes", client.hget(key, "latency_us")))
    field = http_field("duration_us", "GET", "/a", 200)
    exchanges = client.hget(keys.http_totals("app"), field)
    tokens = sum(fields.get("tokens_input", 0) for fields in whole)
    return tokens, gateways, int(cast("bytes | None", exchanges) or 0)


def _assert_exact(client: redis.Redis, books: _Books, context: object) -> None:
    tokens, gateways, exchanges = _sums(client)
    for told, kept in ((tokens, books.providers), (gateways, books.gateways), (exchanges, books.exchanges)):
        assert told & ~books.unsure == kept, (context, f"{told:b}", f"{kept:b}", f"{books.unsure:b}")


def _live(url: str, directory: Path, books: _Books, killer: Killer) -> bool:
    """Replay what is left, run the script; return whether the killer came too late."""
    life = _Life(url, directory, books)
    try:
        with killer.watching():
            replay(life.recorder)
            for word in SCRIPT:
                life.do(word)
    except KilledError:
        return False
    finally:
        leave(life.recorder)
    return True


def _mend(url: str, directory: Path, killer: Killer) -> bool:
    """Replay what is left; return whether the killer came too late."""
    recorder = Recorder(url, spill_path=directory, max_providers=2)
    try:
        with killer.watching():
            replay(recorder)
    except KilledError:
        return False
    finally:
        leave(recorder)
    return True


@pytest.fixture(autouse=True)
def _small_segments(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have a log of some segments after a few records."""
    monkeypatch.setattr(spill_log, "SEGMENT_BYTES", 2048)


def _steps(url: str, directory: Path, client: redis.Redis) -> int:
    killer = Killer()
    assert _live(url, directory, _Books(), killer)
    assert _mend(url, directory, Killer())
    client.flushall()
    return killer.steps


def test_a_kill_at_any_step(redis_url: str, redis_client: redis.Redis, tmp_path: Path) -> None:
    """Whatever was recorded before the kill is counted once after the next start, and no file is left."""
    steps = _steps(redis_url, tmp_path, redis_client)
    for at in range(steps):
        redis_client.flushall()
        books = _Books()
        assert not _live(redis_url, tmp_path, books, Killer(at))
        assert _mend(redis_url, tmp_path, Killer())

        _assert_exact(redis_client, books, at)
        assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("first", [0.35, 0.6, 0.8])
def test_a_kill_at_any_step_of_the_replay(
    redis_url: str, redis_client: redis.Redis, tmp_path: Path, first: float
) -> None:
    """A replay that is killed is taken up by the next one, which may be killed again."""
    at = int(first * _steps(redis_url, tmp_path, redis_client)) - 1
    again, is_over = 0, False
    while not is_over:
        redis_client.flushall()
        books = _Books()
        assert not _live(redis_url, tmp_path, books, Killer(at))
        is_over = _mend(redis_url, tmp_path, Killer(again))
        _mend(redis_url, tmp_path, Killer(again // 2))
        assert _mend(redis_url, tmp_path, Killer())

        _assert_exact(redis_client, books, (at, again))
        assert list(tmp_path.iterdir()) == []
        again += 1

    assert again > 10
