"""Load recorded exchanges from the folder that holds them, if there is one."""

import base64
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import orjson

_REPOSITORY: Final = Path(__file__).resolve().parents[2]
DIALECTS: Final = frozenset(
    ("openai-chat", "openai-completions", "openai-embeddings", "other-openai-compatible", "groq", "mistral")
)
PATHS: Final = ("/chat/completions", "/completions", "/embeddings")


def recordings_file() -> Path:
    """Return where the recordings are looked for."""
    folder = os.environ.get("TOKENPULSE_RECORDINGS")
    return (Path(folder) if folder else _REPOSITORY.parent / "shared" / "recordings") / "recordings.jsonl"


def load_cases() -> Iterator[dict[str, Any]]:
    """Give the cases whose dialect and path tokenpulse reads; none when there is no folder."""
    path = recordings_file()
    if not path.is_file():
        return
    with path.open("rb") as lines:
        for line in lines:
            case = orjson.loads(line)
            if case["dialect"] in DIALECTS and path_of(case).endswith(PATHS):
                yield case


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
