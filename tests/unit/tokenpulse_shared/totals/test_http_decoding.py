"""An app's counters and reports are read whole, and nothing is read into them."""

import orjson
import pytest

from tokenpulse_shared.totals.http_decoding import HttpDecoder
from tokenpulse_shared.totals.totals import http_field
from tokenpulse_shared.totals.totals_records import AppTotals, HistogramTotals, WriterReport


def _decode(fields: dict[str, int | str], reports: dict[bytes, bytes] | None = None) -> tuple[AppTotals, int]:
    decoder = HttpDecoder()
    encoded = {name.encode(): str(value).encode() for name, value in fields.items()}
    return decoder.decode("shop", encoded, reports or {}), decoder.unreadable


def test_every_kind_of_field() -> None:
    """Exchanges, durations, sizes, exceptions, tokenpulse's own counters; guards are passed over."""
    app, unreadable = _decode(
        {
            http_field("requests", "GET", "/x", 200): 3,
            http_field("duration", "GET", "/x", 200, "0.01"): 2,
            http_field("duration", "GET", "/x", 200, "+Inf"): 1,
            http_field("duration_us", "GET", "/x", 200): 61_000_000,
            http_field("request_size", "GET", "/x", "100"): 3,
            http_field("request_bytes", "GET", "/x"): 30,
            http_field("response_size", "GET", "/x", "1e+06"): 3,
            http_field("response_bytes", "GET", "/x"): 1_500_000,
            http_field("exceptions", "ValueError"): 1,
            http_field("internal", "fault:usage_rejected"): 4,
            http_field("a_newer_kind", "x"): 1,
            "writer:abc": "3:1700000000",
        }
    )

    assert app == AppTotals(
        name="shop",
        requests={("GET", "/x", "200"): 3},
        durations={
            ("GET", "/x", "200"): HistogramTotals([2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1], 61_000_000)
        },
        request_sizes={("GET", "/x"): HistogramTotals([3, 0, 0, 0, 0, 0], 30)},
        response_sizes={("GET", "/x"): HistogramTotals([0, 0, 0, 0, 3, 0], 1_500_000)},
        exceptions={"ValueError": 1},
        internal={"fault:usage_rejected": 4},
        writers=(),
    )
    assert unreadable == 0


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("no json", 1),
        ("[]", 1),
        ('["requests","GET","/x"]', 1),
        ('["requests","GET","/x",200]', "many"),
        ('["duration","GET","/x",200]', 1),
        ('["duration","GET","/x",200,"soon"]', 1),
        ('["duration_us","GET"]', 1),
        ('["exceptions"]', 1),
    ],
)
def test_what_cannot_be_read_is_left_out_and_counted(field: str, value: int | str) -> None:
    """One bad field takes nothing else along."""
    app, unreadable = _decode({field: value, http_field("exceptions", "KeyError"): 1})

    assert (app.requests, app.durations, app.exceptions) == ({}, {}, {"KeyError": 1})
    assert unreadable == 1


def test_labels_that_become_the_same_add_up() -> None:
    """Unprintable characters cannot make one series occur twice."""
    app, _ = _decode(
        {
            http_field("requests", "GET", "/\x01", 200): 1,
            http_field("requests", "GET", "/\x02", "200"): 2,
        }
    )

    assert app.requests == {("GET", "/\ufffd", "200"): 3}


def test_reports() -> None:
    """What a writer does not say is None; what is no report is counted."""
    whole = {
        "at": 1_000.5,
        "started_at": 900.0,
        "version": "0.1.0",
        "host": "h",
        "pid": 1,
        "in_progress": [["GET", "/x", 2]],
        "stats": {
            "pending_batches": 3,
            "series": 9,
            "last_flush": 999.0,
            "clock_offset_seconds": 0.25,
            "pending_observations": 4,
        },
    }
    app, unreadable = _decode(
        {},
        {
            b"a": orjson.dumps(whole),
            b"b": b'{"at": 5}',
            b"c": b"no json",
            b"d": b"[1]",
            b"e": b"{}",
            b"f": b'{"at": 5, "in_progress": [1]}',
            b"\xff": b'{"at": 5}',
        },
    )

    assert app.writers == (
        WriterReport(
            writer="a",
            at=1_000.5,
            version="0.1.0",
            in_progress=(("GET", "/x", 2),),
            pending_batches=3,
            last_flush=999.0,
            pending_observations=4,
            clock_offset_seconds=0.25,
            host="h",
            pid=1,
        ),
        WriterReport(writer="b", at=5.0, version=None, in_progress=(), pending_batches=None, last_flush=None),
    )
    assert unreadable == 5
