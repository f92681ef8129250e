"""Hold the pages of faults to the tests: every row names tests that exist."""

import ast
import re

import pytest

from tests.support.documentation import ROOT

ROWS = {
    "docs/faults.md": [f"A{number}" for number in range(1, 35)],
    "docs/processes.md": [f"P{number}" for number in range(1, 11)],
    "docs/redis_faults.md": [f"R{number}" for number in range(1, 30)],
    "docs/security.md": [
        f"S{number}" for number in (1, 2, 3, 4, 5, 6, 7, 9, 10, 11, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22)
    ],
}


def rows(page: str) -> dict[str, list[str]]:
    """Return the tests that each row of the page names, `path::name`, in order."""
    text = (ROOT / page).read_text(encoding="utf-8")
    lines = re.findall(r"^\| ([APRS]\d+) \|.*\| ([^|]*) \|$", text, re.MULTILINE)
    return {row: re.findall(r"`([^`]+::[^`]+)`", tests) for row, tests in lines}


def functions_of(path: str) -> set[str]:
    """Return the names of a module's test functions."""
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name for function in functions if function.name.startswith("test_")}


@pytest.mark.parametrize("page", ROWS)
def test_every_row_is_there(page: str) -> None:
    """The page has its rows, each with at least one test."""
    assert list(rows(page)) == ROWS[page]
    assert [row for row, tests in rows(page).items() if not tests] == []


@pytest.mark.parametrize("page", ROWS)
def test_every_named_test_exists(page: str) -> None:
    """Each test that a row names is a function of the file it names."""
    named = {test for tests in rows(page).values() for test in tests}
    known = {path: functions_of(path) for path in {test.split("::")[0] for test in named}}

    assert [test for test in sorted(named) if test.split("::")[1] not in known[test.split("::")[0]]] == []
