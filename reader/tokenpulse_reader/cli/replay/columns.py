"""Lay out text in columns that fit a width."""

import textwrap
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from tokenpulse_shared.names import printable

_BETWEEN: Final = "  "


class Column(NamedTuple):
    """Describe a column: `most`: characters it may take. A flexible one wraps, the others are cut."""

    title: str
    most: int
    is_right: bool = False
    is_flexible: bool = False


def laid_out(columns: Sequence[Column], rows: Sequence[Sequence[str] | str], width: int) -> Iterator[str]:
    """Give the lines of a table: titles, then the rows; a row that is one text stands as it is.

    The last column but one takes what is left of the width, at least a few characters.
    """
    cells = [row for row in rows if not isinstance(row, str)]
    widths = [
        min(column.most, max(map(len, (column.title, *(row[place] for row in cells)))))
        for place, column in enumerate(columns)
    ]
    spare = width - sum(widths) + widths[-2] - len(_BETWEEN) * (len(columns) - 1)
    widths[-2] = max(min(widths[-2], spare), len(columns[-2].title), 12)
    yield from _lines(columns, widths, [column.title for column in columns])
    for row in rows:
        if isinstance(row, str):
            yield row
        else:
            yield from _lines(columns, widths, row)


def labelled(label: str, value: str, label_width: int, width: int) -> Iterator[str]:
    """Give the lines of a value after its label, the further ones below the value."""
    room = max(width - label_width, 20)
    for place, line in enumerate(textwrap.wrap(printable(value), room, break_on_hyphens=False) or [""]):
        yield f"{'' if place else label:<{label_width}}{line}"


def _lines(columns: Sequence[Column], widths: Sequence[int], row: Sequence[str]) -> Iterator[str]:
    wrapped = [
        (textwrap.wrap(cell, width) or [""]) if column.is_flexible else [_cut(cell, width)]
        for column, width, cell in zip(columns, widths, row, strict=True)
    ]
    for number in range(max(map(len, wrapped))):
        parts = [lines[number] if number < len(lines) else "" for lines in wrapped]
        aligned = (
            part.rjust(width) if column.is_right else part.ljust(width)
            for column, width, part in zip(columns, widths, parts, strict=True)
        )
        yield _BETWEEN.join(aligned).rstrip()


def _cut(text: str, width: int) -> str:
    return text if len(text) <= width else text[: width - 2] + ".."
