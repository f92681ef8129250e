"""Tests of how the contents of a keyspace are judged."""

from typing import Any

import pytest

from tokenpulse_reader.cli.doctor.fleet_checks import (
    MOST_ITEMS,
    check_foreign_keys,
    check_keyspace,
    check_losses,
    check_series,
    check_writers,
)
from tokenpulse_shared.totals.totals_records import AppTotals, ModelTotals, SeriesTotals, Totals, WriterReport

_NOW = 1_000.0
_NOTHING = SeriesTotals(counters={})


def _app(*writers: WriterReport, **internal: int) -> AppTotals:
    return AppTotals(
        name="shop",
        requests={},
        durations={},
        request_sizes={},
        response_sizes={},
        exceptions={},
        internal={name.replace("__", ":"): count for name, count in internal.items()},
        writers=writers,
    )


def _writer(name: str = "w", **given: Any) -> WriterReport:
    told = {
        "at": _NOW - 1,
        "version": "0.1.0",
        "in_progress": (),
        "pending_batches": 0,
        "last_flush": _NOW - 1,
    }
    return WriterReport(writer=name, **{**told, **given})


def _totals(*apps: AppTotals, providers: tuple[str, ...] = (), corrupt: tuple[str, ...] = ()) -> Totals:
    return Totals(
        taken_at=_NOW,
        providers=dict.fromkeys(providers, _NOTHING),
        models=tuple(
            ModelTotals(name, model, _NOTHING) for name in providers for model in ("m", "__other__")
        ),
        apps=apps,
        redis=None,
        corrupt_keys=corrupt,
    )


@pytest.mark.parametrize(
    ("stored", "status", "says"),
    [
        (None, "ok", "no version yet: no release has written it (this one writes 1)"),
        (b"1", "ok", "version 1"),
        (b"0", "ok", "version 0"),
        (b"2", "failure", "keyspace version 2 is newer than 1"),
        (b"one", "failure", "the keyspace's version is not a number"),
    ],
)
def test_keyspace(stored: bytes | None, status: str, says: str) -> None:
    """What this release does not understand is a failure; none written is none wrong."""
    check = check_keyspace(stored)

    assert (check.status, check.says) == (status, says)


def test_nothing_written_is_a_warning() -> None:
    """An empty keyspace is more often a wrong prefix than a quiet app."""
    assert check_series(_totals()).says == "nothing was ever written under this prefix"
    assert check_series(_totals()).status == "warning"


def test_providers_are_listed_up_to_a_bound() -> None:
    """`__other__` is no provider; a long list is cut, and says so."""
    few = check_series(_totals(providers=("groq", "__other__")))
    many = check_series(_totals(providers=tuple(f"p{number:02}" for number in range(MOST_ITEMS + 3))))

    assert (few.status, few.says, few.items) == ("ok", "providers: 1, models: 2", ("groq",))
    assert many.items[-2:] == (f"p{MOST_ITEMS - 1}", "… and 3 more")


def test_workers_that_live() -> None:
    """Each with its process, its last flush, its clock; gone ones are counted only."""
    whole = _writer(host="h", pid=7, clock_offset_seconds=-0.0125, pending_observations=3)
    gone = _writer("gone", at=_NOW - 15)
    app = _app(whole, _writer("bare", version=None), gone)
    check = check_writers(app, _totals(app))

    assert (check.name, check.status) == ("workers of shop", "ok")
    assert check.says == "alive: 2, gone within the last hour: 1"
    assert check.items == (
        "h:7: last flush 1.0 s ago, requests waiting: 3, clock off by 0.013 s, version 0.1.0",
        "bare: last flush 1.0 s ago",
    )


@pytest.mark.parametrize(
    ("writers", "says"),
    [
        ((), "none reported within 15 s; alive: 0, gone within the last hour: 0"),
        ((_writer(at=_NOW - 20),), "none reported within 15 s; alive: 0, gone within the last hour: 1"),
        ((_writer(last_flush=_NOW - 10), _writer()), "alive: 2, gone within the last hour: 0, without a recent flush: 1"),
        ((_writer(last_flush=None),), "alive: 1, gone within the last hour: 0, without a recent flush: 1"),
        ((_writer(clock_offset_seconds=-5.0),), "alive: 1, gone within the last hour: 0, with a clock far off: 1"),
    ],
)  # fmt: skip
def test_workers_in_trouble_are_a_warning(writers: tuple[WriterReport, ...], says: str) -> None:
    """None there, none flushing, or a clock that is wrong."""
    app = _app(*writers)
    check = check_writers(app, _totals(app))

    assert (check.status, check.says) == ("warning", says)


def test_a_worker_that_never_flushed_says_so() -> None:
    """Unknown is not now."""
    app = _app(_writer(last_flush=None))

    assert check_writers(app, _totals(app)).items == ("w: last flush never, version 0.1.0",)


def test_no_losses() -> None:
    """Values set aside and flushes repeated lost no count: they are told, but no warning."""
    app = _app(fault__duration_rejected=2, overflow__model=4, failure__timed_out=3, flushes=9, error__x=0)
    check = check_losses(app)

    assert (check.name, check.status, check.says) == ("losses of shop", "ok", "none")
    assert check.items == (
        "values set aside: duration_rejected 2",
        "requests counted under __other__, for want of a series: model 4",
        "flushes that failed and were repeated: timed_out 3",
    )


def test_losses_are_a_warning() -> None:
    """What is not in Redis as it was measured, each with its number."""
    app = _app(
        unrecoverable=2, unrecoverable_observations=40, rejected_increments=1, error__flush=5, error__app=1
    )
    check = check_losses(app)

    assert (check.status, check.says) == ("warning", "not everything arrived as it was measured")
    assert check.items == (
        "requests that Redis lost and that could not be sent again: 40",
        "batches that Redis lost and that could not be sent again: 2",
        "increments refused, because a key holds something else: 1",
        "exceptions inside tokenpulse: app 1, flush 5",
    )


def test_foreign_keys() -> None:
    """Keys of others are named."""
    found = check_foreign_keys(_totals(corrupt=("tokenpulse:b", "tokenpulse:a")))

    assert (check_foreign_keys(_totals()).status, found.status) == ("ok", "warning")
    assert found.says == "keys that hold something tokenpulse did not write, left out: 2"
    assert found.items == ("tokenpulse:a", "tokenpulse:b")
