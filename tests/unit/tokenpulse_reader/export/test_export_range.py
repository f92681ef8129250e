"""The range of an export: what users write, what is kept."""

import pytest

from tokenpulse_reader.export.export_range import ExportRangeError, parse_moment, settle_range
from tokenpulse_shared.keyspace import Granularity

NOW = 1_715_769_020.0  # 2024-05-15 10:30:20 UTC


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2024-05-15", 1_715_731_200.0),
        ("2024-05-15T10:30:20", NOW),
        ("2024-05-15 10:30:20", NOW),
        ("2024-05-15T10:30:20Z", NOW),
        ("2024-05-15T12:30:20+02:00", NOW),
        ("2024-05-15T12:30:20 02:00", NOW),
        ("20240515T103020Z", NOW),
        ("1715769020", NOW),
        ("1715769020.25", NOW + 0.25),
        ("1970-01-01", 0.0),
    ],
)
def test_times_are_taken_as_users_write_them(text: str, moment: float) -> None:
    """ISO 8601 with and without an offset, a plus that a URL made a space, epoch seconds."""
    assert parse_moment(text) == moment


@pytest.mark.parametrize(
    "text",
    [
        "",
        "now",
        "2024-13-01",
        "2024-05-15T10:30:20+99:00",
        "1969-12-31",
        "2100-01-01",
        "1e9",
        "-1",
        "٢٠٢٤-٠٥-١٥",
    ],
)
@pytest.mark.parametrize("parameter", ["from", "to"])
def test_what_is_no_time_is_refused(text: str, parameter: str) -> None:
    """The parameter is named, and what it may be."""
    given = {"from": (text, None), "to": (None, text)}[parameter]
    with pytest.raises(ExportRangeError) as refused:
        settle_range("hour", *given, NOW)

    assert refused.value.parameter == parameter
    assert refused.value.allowed.startswith("ISO 8601")


@pytest.mark.parametrize(
    ("granularity", "begin", "end"),
    [
        ("minute", "2024-05-15T09:30:00.000+00:00", "2024-05-15T10:30:20.000+00:00"),
        ("hour", "2024-05-14T10:00:00.000+00:00", "2024-05-15T10:30:20.000+00:00"),
        ("day", "2024-05-08T00:00:00.000+00:00", "2024-05-15T10:30:20.000+00:00"),
    ],
)
def test_without_a_range_it_is_the_last_while(granularity: Granularity, begin: str, end: str) -> None:
    """An hour of minutes, a day of hours, a week of days; whole windows that overlap it."""
    asked = settle_range(granularity, None, None, NOW)

    assert (asked.begin, asked.end, asked.is_cut) == (begin, end, False)


def test_whole_windows_that_overlap_the_range() -> None:
    """From the hour that holds the beginning to the one that holds the end; an end on the turn takes no more."""
    inside = settle_range("hour", "2024-05-14T01:30", "2024-05-14T02:10", NOW)
    on_turns = settle_range("hour", "2024-05-14T01:00", "2024-05-14T03:00", NOW)

    assert inside.span == on_turns.span
    assert [inside.begin, inside.end] == ["2024-05-14T01:00:00.000+00:00", "2024-05-14T03:00:00.000+00:00"]


def test_an_end_to_come_is_now() -> None:
    """Nothing can be there yet."""
    assert settle_range("hour", None, "2030-01-01", NOW) == settle_range("hour", None, None, NOW)


@pytest.mark.parametrize(("granularity", "kept"), [("minute", 121), ("hour", 193), ("day", 101)])
def test_more_than_is_kept_is_cut(granularity: Granularity, kept: int) -> None:
    """What can still be there: 2 hours, 8 days, 100 days, with the current one."""
    asked = settle_range(granularity, "1970-01-01", None, NOW)

    assert asked.is_cut
    assert len(asked.span.starts) == kept


@pytest.mark.parametrize(
    ("begin", "end"), [("2024-05-15", "2024-05-15"), ("2024-05-15", "2024-05-14"), ("2029-01-01", None)]
)
def test_an_end_before_the_beginning_is_refused(begin: str, end: str | None) -> None:
    """So is a beginning that is still to come."""
    with pytest.raises(ExportRangeError, match="`from` must be before `to`, and before now"):
        settle_range("hour", begin, end, NOW)


def test_a_range_of_which_nothing_is_kept_is_refused() -> None:
    """An empty file would look as if nothing had happened."""
    with pytest.raises(ExportRangeError) as refused:
        settle_range("minute", "2024-05-14", "2024-05-15", NOW)

    assert str(refused.value) == "windows of one minute are kept for 2 hours: nothing of this range is left"
    assert refused.value.parameter == "to"
    assert refused.value.allowed == "after 2024-05-15T08:30:20.000+00:00, or a coarser granularity"
