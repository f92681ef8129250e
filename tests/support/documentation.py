"""Write the parts of the documentation that repeat what the code says: `python -m tests.support.documentation`.

A part stands between `<!-- generated: NAME -->` and `<!-- end of NAME -->`.
"""

import ast
import inspect
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Final

from tokenpulse.dialects.registry import BUILT_IN
from tokenpulse_reader.cli.doctor.advice import ADVICE
from tokenpulse_reader.openapi.operation import Parameter
from tokenpulse_reader.openapi.table import OPERATIONS
from tokenpulse_shared.connections.failure_kinds import TEXTS
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.rights import COMMANDS, acl_rules
from tokenpulse_shared.settings import ENVIRONMENT_PREFIX, Settings

ROOT: Final = Path(__file__).parents[2]
PACKAGES: Final = ("shared/tokenpulse_shared", "middleware/tokenpulse", "reader/tokenpulse_reader")
_SAMPLE_ARGUMENTS: Final = {
    "provider": "provider",
    "model": "<model>",
    "window_stamp": "<window>",
    "hour_stamp": "<hour>",
    "day_stamp": "<day>",
    "gateway": "gateway",
    "app_name": "app",
    "quantity": "latency",
    "kind": "metrics",
    "digest": "<digest>",
    "event": "<event>",
    "reader": "<reader>",
}


def settings_table() -> str:
    """Return a Markdown table with one row per setting."""
    rows = ["| setting | environment variable | default | meaning | used by |", "|---|---|---|---|---|"]
    for item in fields(Settings):
        shown = str(item.default).lower() if isinstance(item.default, bool) else str(item.default)
        default = "none" if item.default is None else f"`{shown}`"
        about = item.metadata
        variable = f"{ENVIRONMENT_PREFIX}{item.name.upper()}"
        rows.append(f"| `{item.name}` | `{variable}` | {default} | {about['help']} | {about['used_by']} |")
    return "\n".join(rows)


def dialects_table() -> str:
    """Return a Markdown table with one row per dialect."""
    rows = ["| dialect | operation | provider unless told | paths that end in |", "|---|---|---|---|"]
    for dialect in BUILT_IN:
        paths = ", ".join(f"`{route.pattern}`" for route in dialect.routes)
        vendor = "by the model's prefix" if dialect.vendor is None else f"`{dialect.vendor}`"
        rows.append(f"| `{dialect.name}` | `{dialect.operation}` | {vendor} | {paths} |")
    return "\n".join(rows)


def acl_commands() -> str:
    """Return the commands that make both users with their least rights."""
    made = [f"ACL SETUSER tokenpulse-{role} on >password {' '.join(acl_rules(role))}" for role in COMMANDS]
    return "\n".join(["```", *made, "```"])


def failures_table() -> str:
    """Return a Markdown table with one row per kind of failure: what is said, what to do."""
    rows = ["| kind | what is said | what to do |", "|---|---|---|"]
    return "\n".join([*rows, *(f"| `{kind}` | {TEXTS[kind]} | {ADVICE[kind]} |" for kind in TEXTS)])


def endpoints_table() -> str:
    """Return a Markdown table with one row per operation of the reader."""
    rows = ["| endpoint | parameters | what it is |", "|---|---|---|"]
    for held in OPERATIONS:
        asked = ", ".join(_parameter_text(each) for each in held.parameters if each.place == "query")
        rows.append(f"| `{held.method.upper()} {held.path}` | {asked} | {held.summary} |")
    return "\n".join(rows)


def _parameter_text(parameter: Parameter) -> str:
    """Return a parameter's name with what it takes; one that is needed is marked."""
    schema = parameter.schema
    if "enum" in schema:
        takes = "/".join(schema["enum"])
    else:
        takes = f"{schema['minimum']}–{schema['maximum']}" if "minimum" in schema else ""
    default = f" = {schema['default']}" if "default" in schema else ""
    needed = " (needed)" if parameter.is_required else ""
    return " ".join(f"`{parameter.name}` {takes}{default}{needed}".split())


def directory_map() -> str:
    """Return a Markdown list of every module of the three packages, with its first docstring line."""
    lines: list[str] = []
    for package in PACKAGES:
        lines += [f"### {package}/", ""]
        for path in sorted((ROOT / package).rglob("*")):
            name = path.relative_to(ROOT / package).as_posix()
            if path.suffix == ".py" and path.name != "__init__.py":
                docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
                lines.append(f"- `{name}`: {docstring.splitlines()[0]}")
            elif path.suffix == ".lua":
                first = path.read_text(encoding="utf-8").splitlines()[0]
                lines.append(f"- `{name}`: {first.removeprefix('-- ')}")
        lines.append("")
    return "\n".join(lines).rstrip()


def keyspace_patterns() -> dict[str, str]:
    """Return, for each method that builds a key, the key as the documentation writes it, without the prefix."""
    keys = Keyspace()
    patterns = {"window_member": Keyspace.window_member("<model>", "<window>")}
    for name, method in inspect.getmembers(keys, inspect.ismethod):
        if not name.startswith("_"):
            names = inspect.signature(method).parameters
            built = method(**{each: _SAMPLE_ARGUMENTS[each] for each in names})
            patterns[name] = built.removeprefix(keys.prefix)
    return patterns


GENERATED: Final[tuple[tuple[str, str, Callable[[], str]], ...]] = (
    ("docs/configuration.md", "settings", settings_table),
    ("README.md", "settings", settings_table),
    ("docs/dialects.md", "dialects", dialects_table),
    ("docs/architecture.md", "map", directory_map),
    ("docs/api.md", "endpoints", endpoints_table),
    ("docs/redis.md", "rights", acl_commands),
    ("docs/doctor.md", "failures", failures_table),
)
"""(page, name of the part, what writes it)."""


def with_part(text: str, name: str, part: str) -> str:
    """Return the page's text with the part between its two markers.

    Raises:
        ValueError: the page does not hold the markers exactly once.
    """
    start, end = f"<!-- generated: {name} -->", f"<!-- end of {name} -->"
    pattern = re.compile(re.escape(start) + ".*?" + re.escape(end), re.DOTALL)
    written, count = pattern.subn(lambda _: f"{start}\n{part}\n{end}", text)
    if count != 1:
        raise ValueError(f"expected the markers of {name!r} once, found them {count} times")
    return written


if __name__ == "__main__":
    for page, name, write in GENERATED:
        path = ROOT / page
        path.write_text(with_part(path.read_text(encoding="utf-8"), name, write()), encoding="utf-8")
