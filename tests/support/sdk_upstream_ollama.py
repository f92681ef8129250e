"""Answer as Ollama does; the model's name picks the answer."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.support.sdk_upstream_reply import Json, Reply, json_reply, lines_reply

NDJSON: Final = "application/x-ndjson"
_AT: Final = "2026-01-05T10:00:00.000000Z"
_COUNTS: Final = {
    "total_duration": 900_000_000,
    "load_duration": 100_000_000,
    "prompt_eval_count": 18,
    "prompt_eval_duration": 200_000_000,
    "eval_count": 6,
    "eval_duration": 500_000_000,
}
_PIECES: Final[Mapping[str, list[Json]]] = {
    "words": [{"content": "Moss"}, {"content": " grows"}, {"content": "."}],
    "thinking": [{"content": "", "thinking": "Damp."}, {"content": "Moss."}],
    "tools": [{"content": "", "tool_calls": [{"function": {"name": "dig", "arguments": {"depth": 2}}}]}],
}
"""Messages without their role, in the order they come."""


def _line(asked: Json, **fields: Any) -> dict[str, Any]:
    return {"model": asked["model"], "created_at": _AT, **fields}


def _end(scenario: str) -> dict[str, Any]:
    if scenario == "cached":  # a prompt that was cached is not counted
        return {"done": True, "done_reason": "stop", **_COUNTS, "prompt_eval_count": None}
    return {"done": True, "done_reason": "length" if scenario == "long" else "stop", **_COUNTS}


def _stream(scenario: str, lines: list[dict[str, Any]], end: dict[str, Any]) -> Reply:
    if scenario == "broken":
        return lines_reply([lines[0], {"error": "the runner stopped"}], NDJSON)
    if scenario == "cut":
        return lines_reply(lines, NDJSON)
    return lines_reply([*lines, end], NDJSON)


def _failure(scenario: str) -> Reply | None:
    if scenario == "missing":
        return json_reply({"error": "model 'missing' not found"}, 404)
    return json_reply({"error": "the server is busy"}, 503) if scenario == "overloaded" else None


def chat(scenario: str, asked: Json) -> Reply:
    """Answer `/api/chat`."""
    failure = _failure(scenario)
    if failure is not None:
        return failure
    pieces = _PIECES.get(scenario, _PIECES["words"])
    if asked.get("stream", True):
        lines = [_line(asked, message={"role": "assistant", **piece}, done=False) for piece in pieces]
        end = _line(asked, message={"role": "assistant", "content": ""}, **_end(scenario))
        return _stream(scenario, lines, end)
    message: dict[str, Any] = {"role": "assistant"}
    for piece in pieces:
        for key, value in piece.items():
            message[key] = message[key] + value if key in message else value
    return json_reply(_line(asked, message=message, **_end(scenario)))


def generate(scenario: str, asked: Json) -> Reply:
    """Answer `/api/generate`."""
    end = {**_end(scenario), "context": [1, 2, 3]}
    if asked.get("stream", True):
        lines = [_line(asked, response=text, done=False) for text in ("Fern", " unrolls")]
        return _stream(scenario, lines, _line(asked, response="", **end))
    return json_reply(_line(asked, response="Fern unrolls", **end))


def embed(_: str, asked: Json) -> Reply:
    """Answer `/api/embed`."""
    body = {"model": asked["model"], "embeddings": [[0.5, 0.25]], "total_duration": 5, "load_duration": 1}
    return json_reply({**body, "prompt_eval_count": 4})


def embeddings(_: str, __: Json) -> Reply:
    """Answer the older `/api/embeddings`, which counts nothing."""
    return json_reply({"embedding": [0.5, 0.25]})


ROUTES: Final[Mapping[str, Callable[[str, Json], Reply]]] = {
    "/api/chat": chat,
    "/api/generate": generate,
    "/api/embed": embed,
    "/api/embeddings": embeddings,
}
