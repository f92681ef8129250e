"""Tests of what checks amount to."""

from tokenpulse_reader.cli.doctor.check import EXIT_CODES, failure, passed, warning, worst


def test_the_worst_check_decides() -> None:
    """A failure outweighs a warning, a warning what is well; nothing looked at is nothing wrong."""
    good, doubtful, bad = passed("a", "x"), warning("b", "x", "y"), failure("c", "x", "y")

    assert worst([]) == "ok"
    assert worst([good, doubtful]) == "warning"
    assert worst([bad, good, doubtful]) == "failure"
    assert [EXIT_CODES[status] for status in ("ok", "warning", "failure")] == [0, 1, 2]
