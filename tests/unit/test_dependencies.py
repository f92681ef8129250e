"""Tests of what the project says of the packages it requires."""

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.support.lowest_versions import lowest_versions

ROOT = Path(__file__).parents[2]


def test_the_documentation_names_each_lowest_version() -> None:
    """The table of lowest versions is that of pyproject.toml, extras included."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    page = (ROOT / "docs/dependencies.md").read_text(encoding="utf-8")
    table = page.split("| package | lowest | before it |")[1]
    named = re.findall(r"^\| ([a-z-]+) \| ([0-9.]+) \|", table, re.MULTILINE)

    assert sorted(f"{name}=={version}" for name, version in named) == lowest_versions(project)


def test_a_package_is_held_once() -> None:
    """Options of a package change nothing of its version."""
    project = {
        "dependencies": ["redis>=7.3", "orjson>=3.10"],
        "optional-dependencies": {"reader": ["redis[hiredis]>=7.3", "a-b>=0.1.5"], "prices": []},
    }

    assert lowest_versions(project) == ["a-b==0.1.5", "orjson==3.10", "redis==7.3"]


@pytest.mark.parametrize("requirement", ["redis", "redis==7.3", "redis>=7.3,<9"])
def test_a_requirement_without_a_plain_lower_bound_is_refused(requirement: str) -> None:
    """What cannot be held at its lowest is named, not left out."""
    project: dict[str, Any] = {"dependencies": [requirement], "optional-dependencies": {}}

    with pytest.raises(ValueError, match=re.escape(requirement)):
        lowest_versions(project)
