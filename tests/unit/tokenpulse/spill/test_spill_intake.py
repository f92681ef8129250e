"""Tests of the queue that writes a log first, as the journal of flushes; what a replay makes of it is tested apart."""

from pathlib import Path

import pytest

from tests.support.clock import FakeClock
from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.aggregation.gateway_aggregate import MAX_GATEWAYS
from tokenpulse.aggregation.http_aggregate import HttpAggregator
from tokenpulse.aggregation.intake import BATCH
from tokenpulse.batches.numbered_batch import Batch, Group
from tokenpulse.bucket_clock import BucketClock
from tokenpulse.guard import Guard
from tokenpulse.sink import HttpExchange
from tokenpulse.spill import spill_log
from tokenpulse.spill.spill_files import Place
from tokenpulse.spill.spill_intake import SpilledIntake
from tokenpulse.spill.spill_log import SpillLog
from tokenpulse.spill.spill_records import decode_observation
from tokenpulse.spill.spill_segment import read_segment
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.records import Observation

NOW = 1_700_000_000.0
EXCHANGE = HttpExchange("GET", "/a", 200, 0.1, 5, 6, None)
APP, GATEWAY = Group("http", "app"), Group("gateway", "g")


def _provider(name: str) -> Group:
    return Group("provider", name)


class _Bench:
    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.guard = Guard(FakeClock())
        self.series = Aggregator(max_providers=2, max_models=4)
        self.http = HttpAggregator(max_routes=4)
        self.log = SpillLog(Place(directory, "0123456789abcdef", "app", None, 2**30), "w", self.guard)
        clock = BucketClock(FakeClock(), follows_server=False)
        self.intake = SpilledIntake(self.log, "w", "app", self.series, self.http, self.guard, clock, 2)

    def observe(self, *providers: str, gateway: str | None = None) -> None:
        for provider in providers:
            self.intake.add_observation(Observation(provider, "m", gateway), NOW)

    def logged(self) -> list[tuple[str, str | None]]:
        """Return provider and gateway of each observation in the log."""
        records = [
            payload
            for path in sorted(self.directory.glob("*.log"))
            for payload in read_segment(path).payloads
        ]
        names = list(Observation._fields)
        return [decode_observation(record, names)[0][0:3:2] for record in records if record[:1] == b"o"]

    def segments(self) -> int:
        return len(list(self.directory.glob("*.log")))

    def batch(self, group: Group, cut: int | None) -> Batch:
        return Batch(group, "key", 0, 1, b"", 1, cut)

    def send(self, group: Group, cut: int | None) -> None:
        """Have a batch sent and acknowledged."""
        self.intake.batched(self.batch(group, cut))
        self.intake.acknowledged(self.batch(group, cut))

    def is_drained(self) -> bool:
        """Tell whether the log was stopped, and is no more: that is when Redis has all of it."""
        return not self.log.is_stopped


@pytest.fixture
def bench(tmp_path: Path) -> _Bench:
    """Give an intake with an empty log."""
    return _Bench(tmp_path)


@pytest.fixture
def full(bench: _Bench, monkeypatch: pytest.MonkeyPatch) -> _Bench:
    """Give one whose log has p, q by gateway g, and an exchange, and is full: it starts again once drained."""
    monkeypatch.setattr(spill_log, "SEGMENT_BYTES", 2048)
    bench.observe("p")
    bench.observe("q", gateway="g")
    bench.intake.add_exchange(EXCHANGE)
    bench.log._has_room = False
    return bench


def test_what_fills_a_batch_folds_it(bench: _Bench) -> None:
    """Records wait in the queue, of each kind apart, as without a log."""
    bench.observe(*["p"] * (BATCH - 1))
    for _ in range(BATCH - 1):
        bench.intake.add_exchange(EXCHANGE)
    assert (bench.series.observations, bench.http.has_waiting()) == (0, False)

    bench.observe("p")
    bench.intake.add_exchange(EXCHANGE)

    assert (bench.series.observations, bench.http.has_waiting()) == (BATCH, True)
    assert bench.log.position == 2 * BATCH


def test_names_past_the_bounds_are_lumped_before_they_are_logged(bench: _Bench) -> None:
    """The log says what the aggregator folds: so many unproven names, some more that have proved themselves."""
    bench.series.known["known"] = {}
    failed = Observation("w", "m", outcome="provider_error")
    for name in ("w", "x", "y", "z"):
        bench.intake.add_observation(failed._replace(provider=name), NOW)
    bench.observe("a", "b", "c", "a", OTHER, "known", "e")
    bench.intake.settle()
    logged = [provider for provider, _ in bench.logged()]

    assert logged == ["w", "x", "y", OTHER, "a", OTHER, OTHER, "a", OTHER, "known", OTHER]
    assert sorted(bench.series.waiting()) == sorted(["w", "x", "y", "a", OTHER, "known"])
    assert bench.guard.counts() == {"overflow:provider": 4}
    assert bench.series.take_overflow()["provider"] == 0


def test_names_have_room_again_when_nothing_waits_under_them(bench: _Bench) -> None:
    """A flush that begins looks at what waits."""
    bench.observe("a", "b", "c", "d", "e")
    bench.intake.begin()
    for name in ("a", "b"):
        assert bench.series.take(name) is not None
    bench.intake.begin()
    bench.observe("f", "g", "h")

    assert [provider for provider, _ in bench.logged()] == ["a", "b", "c", "d", "e", "f", "g", OTHER]


def test_gateways_are_bounded_as_well(bench: _Bench) -> None:
    """They are logged as they are folded: clean, and lumped past their bound."""
    bench.observe("p", gateway="x\ny")
    for number in range(MAX_GATEWAYS):
        bench.observe("p", gateway=f"g{number}")
    gateways = [gateway for _, gateway in bench.logged()]
    bench.intake.settle()

    assert gateways[0] != "x\ny"
    assert sorted(bench.series.waiting_gateways()) == sorted({gateway for gateway in gateways if gateway})
    assert gateways[-2:] == [f"g{MAX_GATEWAYS - 2}", OTHER]


def test_what_json_cannot_say_counts_all_the_same(bench: _Bench) -> None:
    """It is folded, only not in the log."""
    bench.observe("p")
    bench.intake.add_observation(Observation("p", "\ud800"), NOW)
    bench.intake.add_exchange(EXCHANGE._replace(request_bytes=2**70))
    bench.intake.settle()

    assert bench.series.observations == 2
    assert bench.http.has_waiting()
    assert bench.log.position == 1
    assert bench.guard.counts() == {"fault:spill_not_json": 2}


def test_a_cut_holds_what_the_log_has_up_to_its_position(bench: _Bench) -> None:
    """What is queued is folded before it."""
    bench.observe("p", "q", "p")
    delta, position = bench.intake.cut(lambda: bench.series.take("p"))

    assert delta is not None
    assert (delta.observations, position) == (2, 3)


def test_a_log_is_drained_once_every_group_is(full: _Bench) -> None:
    """Providers, gateways, HTTP: each owes what waited when the flush began."""
    full.intake.begin()
    for group in (_provider("p"), _provider("q"), GATEWAY):
        full.send(group, 3)
        assert not full.is_drained()
    full.send(APP, 3)

    assert full.is_drained()
    assert full.segments() == 0


def test_a_batch_from_before_does_not_settle_what_waits(full: _Bench) -> None:
    """A group in flight when the flush begins has more that waits behind it."""
    full.intake.batched(full.batch(_provider("p"), 1))
    full.intake.begin()
    for group in (_provider("q"), GATEWAY, APP):
        full.send(group, 3)
    full.intake.acknowledged(full.batch(_provider("p"), 1))
    assert not full.is_drained()

    full.send(_provider("p"), 3)

    assert full.is_drained()


def test_a_batch_in_flight_with_nothing_behind_it_settles_itself(full: _Bench) -> None:
    """Its acknowledgement is all that is owed."""
    for name in ("p", "q"):
        full.intake.cut(lambda name=name: full.series.take(name))
        full.intake.batched(full.batch(_provider(name), 3))
    full.series.take_gateway("g")
    full.http.take()
    full.intake.begin()
    full.intake.acknowledged(full.batch(_provider("p"), 3))
    assert not full.is_drained()

    full.intake.acknowledged(full.batch(_provider("q"), 3))
    assert full.is_drained()


def test_what_is_moved_is_owed_by_who_takes_it(full: _Bench) -> None:
    """A provider that is refused owes nothing any more, `__other__` does."""
    full.intake.begin()
    for group in (_provider("q"), GATEWAY, APP):
        full.send(group, 3)
    full.intake.moved("p", 3)
    assert not full.is_drained()

    full.send(_provider(OTHER), 3)
    assert full.is_drained()


def test_a_flush_with_nothing_waiting_drains(full: _Bench) -> None:
    """Where everything was settled one way or the other, the next flush finds it so."""
    for name in ("p", "q"):
        full.intake.cut(lambda name=name: full.series.take(name))
    full.series.take_gateway("g")
    full.http.take()
    full.intake.begin()

    assert full.is_drained()


def test_batches_without_records_are_no_note(bench: _Bench) -> None:
    """One that only asks whether Redis has the others settles nothing, and is not in the log."""
    bench.observe("p")
    bench.intake.begin()
    bench.send(_provider("p"), None)
    records = [path.read_bytes() for path in bench.directory.glob("*.log")]

    assert b'b["provider"' not in records[0]
    bench.log.abandon()


def test_the_end_deletes_what_is_drained_only(bench: _Bench) -> None:
    """With something waiting the log stays; it is asked for under the lock."""
    bench.observe("p")
    bench.intake.close(lambda: True)
    assert bench.segments() == 1
    assert bench.intake.stats() == {"bytes": spill_log.SEGMENT_BYTES, "stopped": False}

    bench.intake.close(lambda: False)
    assert list(bench.directory.iterdir()) == []
    assert bench.intake.stats() == {"bytes": 0, "stopped": False}

    bench.observe("p")
    bench.intake.abandon()
    assert bench.segments() == 1
