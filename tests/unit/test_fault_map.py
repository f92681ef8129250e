"""Hold docs/faults.md to the tests: every row of plain surroundings names tests that exist."""

import ast
import re

from tests.support.documentation import ROOT

ROWS = [f"A{number}" for number in range(1, 35)]


def rows() -> dict[str, list[str]]:
    """Return the tests that each row of the page names, `path::name`, in order."""
    text = (ROOT / "docs/faults.md").read_text(encoding="utf-8")
    lines = re.findall(r"^\| (A\d+) \|.*\| ([^|]*) \|$", text, re.MULTILINE)
    return {row: re.findall(r"`([^`]+::[^`]+)`", tests) for row, tests in lines}


def functions_of(path: str) -> set[str]:
    """Return the names of a module's test functions."""
    tree = ast.parse((ROOT / "tests" / path).read_text(encoding="utf-8"))
    functions = (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {function.name for function in functions if function.name.startswith("test_")}


def test_every_row_is_there() -> None:
    """The page has the rows A1 to A34, each with at least one test."""
    assert list(rows()) == ROWS
    assert [row for row, tests in rows().items() if not tests] == []


def test_every_named_test_exists() -> None:
    """Each test that a row names is a function of the file it names."""
    named = {test for tests in rows().values() for test in tests}
    known = {path: functions_of(path) for path in {test.split("::")[0] for test in named}}

    assert [test for test in sorted(named) if test.split("::")[1] not in known[test.split("::")[0]]] == []
