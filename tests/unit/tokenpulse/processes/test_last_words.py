"""Tests of the line that says what a stopped recorder has not brought to Redis."""

import pytest

from tokenpulse.processes.last_words import last_words

_HEAD = "stopped; requests not known to be in Redis: 7 (timed out); "
_WAIT = f"{_HEAD}they wait in /spill for the next process with this spill_path"


def test_without_a_spill_file_they_are_lost() -> None:
    """The line names the setting that would have kept them."""
    assert last_words(7, "timed out", None, {"spill_overflow": 3}) == (
        f"{_HEAD}they are lost when this process ends; set spill_path to have the next one bring them"
    )


@pytest.mark.parametrize(
    ("counts", "lacking"),
    [
        ({"flushes": 9}, ""),
        ({"spill_overflow": 2, "fault:spill_not_json": 1, "fault:spill_record_too_long": 1}, "4"),
        ({"spill_overflow": 90}, "7"),
        ({"fault:spill_voided": 1}, "7"),
    ],
)
def test_what_the_file_lacks_is_bounded(counts: dict[str, int], lacking: str) -> None:
    """As many at most as were counted as unwritten; all of them once the log was given up."""
    tail = f", but for {lacking} at most that could not be written there" if lacking else ""

    assert last_words(7, "timed out", "/spill", counts) == _WAIT + tail
