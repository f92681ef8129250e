"""Answer as Gemini does; the model's name picks the answer."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

from tests.support.sdk_upstream_reply import EVENT_STREAM, Json, Reply, json_reply, sse_reply

MODEL: Final = "dune-3-001"
USAGE: Final = {
    "promptTokenCount": 70,
    "cachedContentTokenCount": 48,
    "candidatesTokenCount": 14,
    "thoughtsTokenCount": 25,
    "toolUsePromptTokenCount": 6,
    "totalTokenCount": 115,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 70}],
}
_EARLY_USAGE: Final = {"promptTokenCount": 70, "cachedContentTokenCount": 48, "totalTokenCount": 70}
ERRORS: Final = {
    "refused": (400, "INVALID_ARGUMENT"),
    "limited": (429, "RESOURCE_EXHAUSTED"),
    "overloaded": (503, "UNAVAILABLE"),
}
_THOUGHT: Final = {"text": "Sand moves.", "thought": True}
_CALL: Final = {"functionCall": {"name": "tide", "args": {"port": "Brest"}}}
_WORDS: Final = ("The dune", " walks", " east.")


def _error_body(code: int, status: str) -> dict[str, Any]:
    return {"error": {"code": code, "message": f"This is {status}.", "status": status}}


def _chunk(parts: Sequence[Json], finish: str | None = None, usage: Json | None = None) -> dict[str, Any]:
    candidate: dict[str, Any] = {"content": {"parts": parts, "role": "model"}, "index": 0}
    if finish is not None:
        candidate["finishReason"] = finish
    base = {"modelVersion": MODEL, "responseId": "r1"}
    return {"candidates": [candidate], "usageMetadata": usage or _EARLY_USAGE, **base}


def _blocked() -> dict[str, Any]:
    usage = {"promptTokenCount": 70, "totalTokenCount": 70}
    feedback = {"blockReason": "PROHIBITED_CONTENT"}
    return {"promptFeedback": feedback, "usageMetadata": usage, "modelVersion": MODEL, "responseId": "r1"}


def _whole(scenario: str) -> dict[str, Any]:
    if scenario == "blocked":
        return _blocked()
    if scenario == "tools":
        return _chunk([_CALL], "STOP", USAGE)
    return _chunk([_THOUGHT, {"text": "".join(_WORDS)}], "STOP", USAGE)


def _chunks(scenario: str) -> list[dict[str, Any]]:
    if scenario in ("blocked", "tools"):
        return [_whole(scenario)]
    words = [_chunk([{"text": word}]) for word in _WORDS]
    if scenario == "broken":
        return [words[0], _error_body(503, "UNAVAILABLE")]
    if scenario == "cut":
        return words
    signed = [{"text": "", "thoughtSignature": "c2ln"}]
    return [_chunk([_THOUGHT]), *words, _chunk(signed, "STOP", USAGE)]


def _failure(scenario: str) -> Reply | None:
    if scenario not in ERRORS:
        return None
    code, status = ERRORS[scenario]
    return json_reply(_error_body(code, status), code)


def generate(scenario: str, _: Json) -> Reply:
    """Answer `:generateContent`."""
    return _failure(scenario) or json_reply(_whole(scenario))


def stream(scenario: str, _: Json) -> Reply:
    """Answer `:streamGenerateContent?alt=sse`, lines ended by CR LF as Google's are."""
    failure = _failure(scenario)
    if failure is not None:
        return failure
    pieces = sse_reply(_chunks(scenario)).pieces
    return Reply(tuple(piece.replace(b"\n", b"\r\n") for piece in pieces), EVENT_STREAM)


def embed_batch(_: str, asked: Json) -> Reply:
    """Answer `:batchEmbedContents`."""
    embeddings = [{"values": [0.5, 0.125]} for _ in asked["requests"]]
    return json_reply({"embeddings": embeddings, "usageMetadata": {"promptTokenCount": 9}})


def embed(_: str, __: Json) -> Reply:
    """Answer Vertex's `:embedContent`."""
    usage = {"promptTokenCount": 9, "totalTokenCount": 9}
    return json_reply({"embedding": {"values": [0.5, 0.125]}, "usageMetadata": usage})


def count_tokens(_: str, __: Json) -> Reply:
    """Answer `:countTokens`, which generates nothing."""
    return json_reply({"totalTokens": 70})


ROUTES: Final[Mapping[str, Callable[[str, Json], Reply]]] = {
    ":generateContent": generate,
    ":streamGenerateContent": stream,
    ":batchEmbedContents": embed_batch,
    ":embedContent": embed,
    ":countTokens": count_tokens,
}
