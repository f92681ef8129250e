"""Load recorded exchanges from the folder that holds them, if there is one."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

from tokenpulse.requests.endpoints import Endpoints

_REPOSITORY: Final = Path(__file__).resolve().parents[2]


def recordings_file() -> Path:
    """Return where the recordings are looked for."""
    folder = os.environ.get("TOKENPULSE_RECORDINGS")
    return (Path(folder) if folder else _REPOSITORY.parent / "shared" / "recordings") / "recordings.jsonl"


def load_cases() -> Iterator[dict[str, Any]]:
    """Give the cases in the order of the file; none when there is no folder."""
    path = recordings_file()
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for line in lines:
            yield orjson.loads(line)


def unread_paths(cases: list[dict[str, Any]]) -> set[str]:
    """Return the paths of cases that tokenpulse takes for plain HTTP."""
    endpoints = Endpoints()
    return {path_of(case) for case in cases if endpoints.find(path_of(case)) is None}


def path_of(case: dict[str, Any]) -> str:
    """Return the request's path without its query."""
    path: str = (case["request"].get("path") or "").partition("?")[0]
    return path


def body_of(case: dict[str, Any]) -> bytes:
    """Return the response's body."""
    response = case["response"]
    if response.get("body_b64"):
        return base64.b64decode(response["body_b64"])
    return (response.get("body_text") or "").encode()


def compressed_body_of(case: dict[str, Any]) -> bytes | None:
    """Return the response's body as it was on the wire, encoded; None where that was not kept."""
    held = (case["response"].get("wire") or {}).get("compressed_b64")
    return None if held is None else base64.b64decode(held)
