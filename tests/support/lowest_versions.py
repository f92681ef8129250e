"""Print pip's constraints that hold what tokenpulse requires at its lowest versions: `python -m tests.support.lowest_versions`."""

import re
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

_REQUIREMENT: Final = re.compile(r"(?P<name>[A-Za-z0-9-]+)(\[[a-z,]+\])?>=(?P<version>[0-9.]+)")
_PROJECT: Final = Path(__file__).parents[2] / "pyproject.toml"


def lowest_versions(project: Mapping[str, Any]) -> list[str]:
    """Return a line for each package that is required, extras included; `project` is pyproject.toml's table.

    Raises:
        ValueError: a requirement has no lower bound, or more than one.
    """
    extras = project["optional-dependencies"].values()
    lines = set()
    for requirement in (*project["dependencies"], *(one for extra in extras for one in extra)):
        found = _REQUIREMENT.fullmatch(requirement)
        if found is None:
            raise ValueError(f"{requirement!r} should be <package>>=<version>")
        lines.add(f"{found['name']}=={found['version']}")
    return sorted(lines)


if __name__ == "__main__":
    sys.stdout.write("\n".join(lowest_versions(tomllib.loads(_PROJECT.read_text())["project"])) + "\n")
