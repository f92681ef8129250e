"""Any header gets an answer, and the answer that was asked for where there is one."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenpulse_reader.exposition.negotiate import accepts_gzip, choose_format

PROMETHEUS_2 = (
    "application/openmetrics-text;version=1.0.0,application/openmetrics-text;version=0.0.1;q=0.75,"
    "text/plain;version=0.0.4;q=0.5,*/*;q=0.1"
)
PROMETHEUS_3 = (
    "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
    "application/openmetrics-text;version=0.0.1;q=0.4,text/plain;version=1.0.0;escaping=allow-utf-8;q=0.3,"
    "text/plain;version=0.0.4;q=0.2,*/*;q=0.1"
)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ([], "text"),
        ([""], "text"),
        (["*/*"], "text"),
        (["text/plain"], "text"),
        (["text/plain; version=0.0.4"], "text"),
        ([PROMETHEUS_2], "openmetrics"),
        ([PROMETHEUS_3], "openmetrics"),
        (["application/openmetrics-text"], "openmetrics"),
        (["Application/OpenMetrics-Text; VERSION=1.0.0"], "openmetrics"),
        (['application/openmetrics-text; version="1.0.0"'], "openmetrics"),
        (["application/openmetrics-text;version=2.0.0"], "text"),
        (["application/openmetrics-text;q=0"], "text"),
        (["application/openmetrics-text;q=0.1, text/plain;q=0.9"], "text"),
        (["text/plain", "application/openmetrics-text"], "openmetrics"),
        (["application/openmetrics-text;q=nan"], "text"),
        (["application/openmetrics-text;q=2"], "text"),
        (["application/json"], "text"),
        (["application/openmetrics-text;version=x"], "text"),
        (["\xff\xfe;;=,;q=,,"], "text"),
    ],
)
def test_format(accept: list[str], expected: str) -> None:
    """OpenMetrics only for those who name it and weigh it no less than text."""
    assert choose_format(accept) == expected


@pytest.mark.parametrize(
    ("accept_encoding", "expected"),
    [
        ([], False),
        (["gzip"], True),
        (["GZIP"], True),
        (["x-gzip"], True),
        (["deflate, gzip;q=0.5"], True),
        (["gzip;q=0"], False),
        (["gzip;q=0, *"], False),
        (["*"], True),
        (["*;q=0"], False),
        (["identity"], False),
        (["br", "gzip"], True),
        (["gzip;q=much"], False),
    ],
)
def test_gzip(accept_encoding: list[str], expected: bool) -> None:
    """Compressed only for those who ask."""
    assert accepts_gzip(accept_encoding) is expected


@given(st.lists(st.text(st.characters(max_codepoint=255)), max_size=3))
def test_any_header_gets_an_answer(headers: list[str]) -> None:
    """No header raises."""
    assert choose_format(headers) in ("text", "openmetrics")
    assert accepts_gzip(headers) in (True, False)
