"""Text in columns."""

from tokenpulse_reader.cli.replay.columns import Column, labelled, laid_out

COLUMNS = (
    Column("#", 3, is_right=True),
    Column("name", 6),
    Column("tells", 40, is_flexible=True),
    Column("marks", 9, is_flexible=True),
)


def test_columns_fit_the_width() -> None:
    """Fixed columns are cut, flexible ones wrap, a row that is one text stands as it is."""
    rows = [("1", "long-name", "one two three four five", "first visible"), "... a gap", ("22", "-", "", "")]

    assert list(laid_out(COLUMNS, rows, 40)) == [
        " #  name    tells              marks",
        " 1  long..  one two three      first",
        "            four five          visible",
        "... a gap",
        "22  -",
    ]


def test_narrow_widths_leave_some_room() -> None:
    """The column that gives way keeps 12 characters, however narrow the terminal is."""
    assert list(laid_out(COLUMNS, [("1", "a", "x" * 15, "")], 10)) == [
        "#  name  tells         marks",
        "1  a     xxxxxxxxxxxx",
        "         xxx",
    ]


def test_values_wrap_beside_their_label() -> None:
    """A long value goes on below its beginning; what a terminal would obey is replaced."""
    assert list(labelled("cost", "unknown: no table prices it", 6, 30)) == [
        "cost  unknown: no table prices",
        "      it",
    ]
    assert list(labelled("model", "a\x1b[1m", 7, 30)) == ["model  a\ufffd[1m"]
    assert list(labelled("model", "", 7, 30)) == ["model  "]
