"""Tests of what a series' closed minutes add up to as bytes."""

import pytest

from tokenpulse.outage.closed_sums import ClosedSums, parts_by_start, with_start


@pytest.mark.parametrize(
    "sums",
    [
        ClosedSums(b"", b"", b""),
        ClosedSums(b"record", b"", b""),
        ClosedSums(b"", b"days", b""),
        ClosedSums(b"record", b"days", b"past" * 5_000),
    ],
    ids=["nothing", "record", "days", "all"],
)
def test_what_was_written_is_read(sums: ClosedSums) -> None:
    """Each part comes back, empty ones too."""
    assert ClosedSums.read(sums.written()) == sums


def test_a_series_that_closed_nothing_has_nothing() -> None:
    """Nothing was written then."""
    assert ClosedSums.read(b"") == ClosedSums(b"", b"", b"")


def test_entries_come_in_the_order_they_were_added() -> None:
    """Those of one time too, and empty ones."""
    entries = [(120, b"a"), (60, b""), (120, b"b" * 300)]
    data = b"".join(with_start(*entry) for entry in entries)

    assert list(parts_by_start(data)) == entries
