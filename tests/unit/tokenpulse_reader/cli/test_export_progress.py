"""Progress of an export: often on a terminal, seldom in a log."""

from tests.support.clock import FakeClock
from tokenpulse_reader.cli.export.progress import Progress
from tokenpulse_reader.export.export import ExportPart


def part(size: int, models: int, rows: int) -> ExportPart:
    return ExportPart(data=b"x" * size, models=models, all_models=300, rows=rows)


def test_a_terminal_has_one_line_that_is_written_over() -> None:
    """Five times a second at most; the end is a line that stays."""
    told: list[str] = []
    clock = FakeClock()
    progress = Progress(told.append, clock, is_terminal=True)
    for models in (10, 20, 30):
        progress.note(part(1_500, models, models * 2))
        clock.advance(0.125)
    progress.note(part(2_000_000, 40, 80))
    progress.end("80 rows")

    assert told == [
        "\r\x1b[K30 of 300 models, 60 rows, 4.5 kB",
        "\r\x1b[K80 rows, 2.0 MB\n",
    ]


def test_a_log_has_lines() -> None:
    """Every ten seconds; none for an export that is quick, but how it ended."""
    told: list[str] = []
    clock = FakeClock()
    progress = Progress(told.append, clock, is_terminal=False)
    progress.note(part(1_000, 10, 20))
    clock.advance(10.0)
    progress.note(part(1_000, 20, 40))
    progress.break_off()
    progress.end("40 rows")

    assert told == ["20 of 300 models, 40 rows, 2.0 kB\n", "40 rows, 2.0 kB\n"]


def test_what_breaks_off_leaves_an_empty_line_on_a_terminal() -> None:
    """The error comes there."""
    told: list[str] = []
    Progress(told.append, FakeClock(), is_terminal=True).break_off()

    assert told == ["\r\x1b[K"]
