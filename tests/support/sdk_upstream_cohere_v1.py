"""Answer as Cohere's chat, generate, embed do, version 1; the model's name picks the answer."""

from collections.abc import Callable, Mapping
from typing import Any, Final

from tests.support.sdk_upstream_cohere import failure
from tests.support.sdk_upstream_reply import Json, Reply, json_reply, lines_reply

META: Final = {
    "api_version": {"version": "1"},
    "billed_units": {"input_tokens": 7, "output_tokens": 4},
    "tokens": {"input_tokens": 72, "output_tokens": 4},
}
LINES: Final = "application/stream+json"
_WORDS: Final = ("Salt", " travels", ".")


def _answer(finish: str) -> dict[str, Any]:
    base = {"response_id": "r1", "generation_id": "g1", "text": "".join(_WORDS)}
    return {**base, "chat_history": [], "finish_reason": finish, "meta": META}


def _chat_lines(finish: str) -> list[dict[str, Any]]:
    start = {"is_finished": False, "event_type": "stream-start", "generation_id": "g1"}
    words = [{"is_finished": False, "event_type": "text-generation", "text": word} for word in _WORDS]
    end = {"is_finished": True, "event_type": "stream-end", "finish_reason": finish}
    return [start, *words, {**end, "response": _answer(finish)}]


def chat(scenario: str, asked: Json) -> Reply:
    """Answer `/v1/chat`."""
    failed = failure(scenario)
    if failed is not None:
        return failed
    finish = "ERROR" if scenario == "broken" else "COMPLETE"
    if not asked.get("stream"):
        return json_reply(_answer(finish))
    reply = lines_reply(_chat_lines(finish), LINES)
    return reply.without_end() if scenario == "cut" else reply


def generate(_: str, asked: Json) -> Reply:
    """Answer `/v1/generate`."""
    text, finish = "".join(_WORDS), "MAX_TOKENS"
    whole = {"id": "g1", "prompt": asked["prompt"]}
    if not asked.get("stream"):
        generation = {"id": "s1", "text": text, "finish_reason": finish}
        return json_reply({**whole, "generations": [generation], "meta": META})
    words = [{"event_type": "text-generation", "text": word, "is_finished": False} for word in _WORDS]
    response = {**whole, "generations": [{"id": "s1", "text": text, "finish_reason": finish}], "meta": META}
    end = {"event_type": "stream-end", "is_finished": True, "finish_reason": finish, "response": response}
    return lines_reply([*words, end], LINES)


def embed(_: str, asked: Json) -> Reply:
    """Answer `/v1/embed`."""
    body = {"id": "e1", "embeddings": [[0.5, 0.25]], "texts": asked["texts"]}
    meta = {"api_version": {"version": "1"}, "billed_units": {"input_tokens": 3}}
    return json_reply({**body, "response_type": "embeddings_floats", "meta": meta})


ROUTES: Final[Mapping[str, Callable[[str, Json], Reply]]] = {
    "/v1/chat": chat,
    "/v1/generate": generate,
    "/v1/embed": embed,
}
