"""Write an export as CSV or as JSON, piece by piece.

CSV is RFC 4180: CRLF, quotes where needed. A text that a spreadsheet would take for a formula gets a `'` in front
(FAULTS S7, ASVS 1.2.10); numbers are ours and need none. What is not known is an empty cell, in JSON null.
JSON is one object; its rows are on a line each, what is only known at the end comes last. So an export that broke off
is no JSON.
"""

import csv
import io
from collections.abc import Iterable
from typing import Any, Final, Literal, Protocol

import orjson

from tokenpulse_reader.export.export_range import ExportRange
from tokenpulse_reader.export.export_rows import COLUMNS

ExportFormat = Literal["csv", "json"]
FORMATS: Final[tuple[ExportFormat, ...]] = ("csv", "json")
MEDIA_TYPES: Final[dict[ExportFormat, str]] = {
    "csv": "text/csv; charset=utf-8; header=present",
    "json": "application/json",
}
_FORMULA_STARTS: Final = frozenset("=+-@\t\r\n\0＝＋－＠")
"""The last four are their full-width forms, which some spreadsheets take for the same."""

Values = tuple[Any, ...]


class Writer(Protocol):
    """Turn an export into bytes; `tail` is called once, after every row."""

    def head(self, asked: ExportRange) -> bytes:
        """Return what comes before the first row."""

    def rows(self, rows: Iterable[Values]) -> bytes:
        """Return rows, in the order of `COLUMNS`."""

    def tail(self, facts: dict[str, Any]) -> bytes:
        """Return what comes after the last row; `facts`: what is told of the whole."""


def spreadsheet_safe(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula; blanks in front do not hide one."""
    is_formula = text[:1] in _FORMULA_STARTS or text.lstrip()[:1] in _FORMULA_STARTS
    return f"'{text}" if text and is_formula else text


class CsvWriter:
    """Write CSV; the facts of the whole have no place in it."""

    def head(self, _: ExportRange) -> bytes:
        """Return the names of the columns."""
        return self.rows([COLUMNS])

    def rows(self, rows: Iterable[Values]) -> bytes:
        """Return a line for each row."""
        text = io.StringIO(newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        for row in rows:
            writer.writerow([spreadsheet_safe(cell) if isinstance(cell, str) else cell for cell in row])
        return text.getvalue().encode()

    def tail(self, _: dict[str, Any]) -> bytes:
        """Return nothing."""
        return b""


class JsonWriter:
    """Write one JSON object."""

    def __init__(self) -> None:
        self._is_first = True

    def head(self, asked: ExportRange) -> bytes:
        """Return the object up to its first row."""
        facts = {"granularity": asked.span.granularity, "from": asked.begin, "to": asked.end}
        return orjson.dumps(facts)[:-1] + b',"rows":['

    def rows(self, rows: Iterable[Values]) -> bytes:
        """Return an object for each row."""
        lines: list[bytes] = []
        for row in rows:
            lines.append(b"\n" if self._is_first else b",\n")
            lines.append(orjson.dumps(dict(zip(COLUMNS, row, strict=True))))
            self._is_first = False
        return b"".join(lines)

    def tail(self, facts: dict[str, Any]) -> bytes:
        """Return the end of the object, with the facts in it."""
        return b"\n]," + orjson.dumps(facts)[1:] + b"\n"


def make_writer(kind: ExportFormat) -> Writer:
    """Return a writer for one export."""
    return CsvWriter() if kind == "csv" else JsonWriter()
