"""A series' rows are the sum of what Redis holds of them, packed or open."""

import pytest

from tokenpulse_shared.sketch import FINE_SCALE, ZERO
from tokenpulse_shared.windows.series_window import Series
from tokenpulse_shared.windows.timespan import Block, minutes_span
from tokenpulse_shared.windows.window_builder import WindowBuilder, decode_counters, decode_sketch

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC
MINUTE = 1_715_769_000
BLOCK = Block("2024-05-15:10", 1_715_767_200, frozenset((29, 30)))
RECORD = b"\x1e\x0e" + b"\x01\x00\x02" + b"\x00\x00\x00" + b"\x65\x01\x00\x00\x01" + b"\x00\x00\x08"
"""Minute 30: two requests, a latency of two in bucket 0; of the time to first byte the same."""


def _builder(*quantities: str) -> WindowBuilder:
    return WindowBuilder(Series("p", "m"), minutes_span(NOW, 60), quantities)


def test_records_and_hashes_of_a_window_add_up() -> None:
    """Two records of one minute, as after late data, with the hashes that are open again."""
    builder = _builder("latency", "ttfb")
    builder.add_counters(MINUTE, {b"total_requests": b"3", b"of_a_newer_version": b"x"})
    builder.add_block(BLOCK, RECORD + RECORD)
    builder.add_sketch(MINUTE, "ttfb", {b"0": b"1", b"zero": b"4"})
    builder.add_sketch(MINUTE, "tpot", {})

    [row] = builder.build().rows
    assert (row.start, row.counters) == (MINUTE, {"total_requests": 7})
    assert {name: sketch.buckets for name, sketch in row.sketches.items()} == {
        "latency": {0: 4},
        "ttfb": {0: 5, ZERO: 4},
    }


def test_two_records_alone() -> None:
    """Of the sketches only those asked for are kept; a minute beyond the span is left out."""
    builder = _builder("latency")
    builder.add_block(BLOCK, RECORD + b"\x3b" + RECORD[1:] + RECORD)

    [row] = builder.build().rows
    assert (row.start, row.counters) == (MINUTE, {"total_requests": 4})
    assert {name: sketch.buckets for name, sketch in row.sketches.items()} == {"latency": {0: 4}}


def test_a_row_without_anything_is_none() -> None:
    """A hash that vanished meanwhile reads as empty."""
    builder = _builder()
    builder.add_counters(MINUTE, {})

    assert builder.build().rows == ()


def test_what_is_no_count_is_refused() -> None:
    """The key is then left out, and counted as corrupt."""
    assert decode_sketch({b"scale": b"3", b"-7": b"2"}, FINE_SCALE) == ({-7: 2}, 3)
    for fields in ({b"total_requests": b"many"}, {b"total_requests": b"-1"}):
        with pytest.raises(ValueError):
            decode_counters(fields)
    for fields in ({b"x": b"1"}, {b"1": b"y"}, {b"1": b"-1"}):
        with pytest.raises(ValueError):
            decode_sketch(fields, FINE_SCALE)
