"""The Lua scripts that change Redis, each in a file of its own."""

from functools import cache
from importlib.resources import files
from typing import Literal

ScriptName = Literal[
    "apply",
    "seal",
    "admit",
    "transition",
    "trial",
    "lease",
    "rejections",
    "lead",
    "resign",
    "publish",
    "rank",
    "count",
    "post_key",
]


@cache
def source(name: ScriptName) -> str:
    """Return a script's text."""
    return files(__name__).joinpath(f"{name}.lua").read_text("utf-8")
