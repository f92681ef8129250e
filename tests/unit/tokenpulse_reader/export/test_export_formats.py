"""Export formats: spreadsheets that stay tables, JSON that is only whole when everything is there."""

import csv
import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenpulse_reader.export.export_formats import CsvWriter, JsonWriter, make_writer, spreadsheet_safe
from tokenpulse_reader.export.export_range import settle_range
from tokenpulse_reader.export.export_rows import COLUMNS

ASKED = settle_range("hour", "2024-05-14T01:00", "2024-05-14T03:00", 1_715_769_020.0)
EMPTY = dict.fromkeys(COLUMNS)


def row(**values: object) -> tuple[object, ...]:
    return tuple({**EMPTY, **values}.values())


@pytest.mark.parametrize(
    "start", ["=", "+", "-", "@", "\t", "\r", "\n", "\0", "＝", "＋", "－", "＠", " =", "  @"]
)
def test_a_formula_is_text(start: str) -> None:
    """Every beginning that some spreadsheet evaluates, blanks in front of it or not."""
    text = f"{start}HYPERLINK(1)"

    assert spreadsheet_safe(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "openai/gpt-4o", "llama3:8b", "a=b", "a-b", "' =", "0"])
def test_other_text_stays_as_it_is(text: str) -> None:
    """A sign inside is no formula."""
    assert spreadsheet_safe(text) == text


@given(st.text(st.characters(exclude_categories=("Cs",))), st.text(st.characters(exclude_categories=("Cs",))))
def test_every_name_is_one_cell(provider: str, model: str) -> None:
    """Quotes, commas, line ends: a CSV reader gives back what went in, but for the sign in front."""
    written = CsvWriter().rows([row(provider=provider, model=model, total_requests=3)]).decode()
    (read,) = csv.reader(io.StringIO(written, newline=""))

    assert dict(zip(COLUMNS, read, strict=True)) == {
        **dict.fromkeys(COLUMNS, ""),
        "provider": spreadsheet_safe(provider),
        "model": spreadsheet_safe(model),
        "total_requests": "3",
    }


def test_csv_has_a_header_and_ends_lines_as_the_rfc_says() -> None:
    """CRLF after each; numbers as they are, also a negative one; nothing for what is not known."""
    writer = make_writer("csv")
    head, rows = writer.head(ASKED), writer.rows([row(coverage=-0.5, model='a"b,c')])

    assert head == (",".join(COLUMNS) + "\r\n").encode()
    assert rows == b',,,"a""b,c",-0.5' + b"," * (len(COLUMNS) - 5) + b"\r\n"
    assert writer.tail({"total_rows": 1}) == b""


def test_json_is_one_object_with_its_rows() -> None:
    """Rows on lines of their own, over several pieces; null for what is not known; facts of the whole last."""
    writer = make_writer("json")
    pieces = [
        writer.head(ASKED),
        writer.rows([row(model="a")]),
        writer.rows([]),
        writer.rows([row(model="=b"), row(model="c")]),
        writer.tail({"total_rows": 3, "coverage": 1.0}),
    ]
    body = json.loads(b"".join(pieces))

    assert body == {
        "granularity": "hour",
        "from": "2024-05-14T01:00:00.000+00:00",
        "to": "2024-05-14T03:00:00.000+00:00",
        "rows": [{**EMPTY, "model": model} for model in ("a", "=b", "c")],
        "total_rows": 3,
        "coverage": 1.0,
    }
    assert len(b"".join(pieces).splitlines()) == 5
    with pytest.raises(json.JSONDecodeError):
        json.loads(b"".join(pieces[:-1]))


def test_json_without_rows_is_an_object_too() -> None:
    """Nothing was measured."""
    writer = JsonWriter()

    assert json.loads(writer.head(ASKED) + writer.tail({"total_rows": 0}))["rows"] == []
