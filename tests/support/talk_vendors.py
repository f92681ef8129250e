"""What Gemini, Ollama, Cohere say in their protocols."""

from typing import Any, Final

from tests.support.talk import Talk, named, unnamed

_GEMINI_USAGE: Final = {
    "promptTokenCount": 70,
    "cachedContentTokenCount": 48,
    "candidatesTokenCount": 14,
    "thoughtsTokenCount": 25,
    "toolUsePromptTokenCount": 6,
    "totalTokenCount": 115,
    "promptTokensDetails": [{"modality": "TEXT", "tokenCount": 60}, {"modality": "AUDIO", "tokenCount": 10}],
}


def _candidates(*parts: Any, **more: Any) -> dict[str, Any]:
    candidate = {"content": {"parts": list(parts), "role": "model"}, "index": 0, **more}
    return {"candidates": [candidate], "usageMetadata": _GEMINI_USAGE, "modelVersion": "reef-2"}


_GEMINI_ERROR: Final = {"error": {"code": 503, "message": "busy", "status": "UNAVAILABLE"}}
_GEMINI_EVENTS: Final = unnamed(
    {"usageMetadata": {"trafficType": "ON_DEMAND"}, "modelVersion": "reef-2"},
    _candidates({"text": "Coral", "thought": True}),
    _candidates({"text": "Coral grows"}),
    _candidates({"functionCall": {"name": "dive", "args": {"metres": 7}}}),
    _candidates({"functionCall": {"name": "dive", "partialArgs": [{"jsonPath": "$.m", "numberValue": 7}]}}),
    _candidates({"inlineData": {"mimeType": "image/png", "data": "iVBORw0KGgo="}}),
    _candidates({"executableCode": {"language": "PYTHON", "code": "1+1"}}),
    [],
)
_GEMINI_ENDINGS: Final = unnamed(
    _candidates({"text": "", "thoughtSignature": "c2ln"}, finishReason="STOP"),
    _candidates(finishReason=1),
    {"response": _candidates({"text": "wrapped"}, finishReason="MAX_TOKENS")},
    _GEMINI_ERROR,
)
_GEMINI_ASKED: Final = {
    "contents": [{"parts": [{"text": "Coral?"}]}],
    "generationConfig": {"candidateCount": 2},
}
GEMINI: Final = Talk(
    "/v1beta/models/reef-2:streamGenerateContent",
    "sse",
    _GEMINI_ASKED,
    _candidates({"text": "Coral grows."}, finishReason="STOP"),
    _GEMINI_EVENTS,
    _GEMINI_ENDINGS,
)
GEMINI_ARRAY: Final = GEMINI._replace(framing="json-array", answer=[_GEMINI_ERROR])
_BLOCKED: Final = {"promptFeedback": {"blockReason": "SAFETY"}, "usageMetadata": {"promptTokenCount": 9}}
GEMINI_BLOCKED: Final = GEMINI._replace(answer=_BLOCKED, events=unnamed(_BLOCKED), endings=())
GEMINI_WHOLE: Final = Talk("/v1beta/models/reef-2:generateContent", None, _GEMINI_ASKED, GEMINI.answer)
GEMINI_EMBEDDINGS: Final = Talk(
    "/v1beta/models/reef-e:embedContent",
    None,
    {"content": {"parts": [{"text": "Coral"}]}},
    {"embedding": {"values": [0.5]}, "usageMetadata": {"promptTokenCount": 4, "totalTokenCount": 4}},
)

_COUNTS: Final = {"prompt_eval_count": 18, "eval_count": 6, "eval_duration": 500_000_000}


def _line(**more: Any) -> dict[str, Any]:
    return {"model": "fern:7b", "created_at": "2026-01-05T10:00:00Z", "done": False, **more}


_OLLAMA_CALL: Final = {"function": {"name": "dig", "arguments": {"depth": 2}}}
OLLAMA_CHAT: Final = Talk(
    "/api/chat",
    "ndjson",
    {"model": "fern:7b", "messages": [{"role": "user", "content": "Moss?"}]},
    _line(message={"role": "assistant", "content": "Moss."}, done_reason="stop", **{**_COUNTS, "done": True}),
    unnamed(
        _line(message={"role": "assistant", "content": "", "thinking": "Damp"}),
        _line(message={"role": "assistant", "content": "Moss"}),
        _line(message={"role": "assistant", "content": "", "tool_calls": [_OLLAMA_CALL]}),
        b'{"model":"fern',
    ),
    unnamed(
        _line(message={"content": ""}, done_reason="length", **{**_COUNTS, "done": True}),
        {"error": "the runner stopped"},
    ),
)
OLLAMA_GENERATE: Final = Talk(
    "/api/generate",
    "ndjson",
    {"model": "fern:7b", "prompt": "Moss", "stream": True},
    _line(response="Moss.", done_reason="stop", **{**_COUNTS, "done": True}),
    unnamed(_line(response="", thinking="Damp"), _line(response="Moss")),
    unnamed(
        _line(response="", done_reason="stop", context=[1, 2], **{**_COUNTS, "done": True}),
    ),
)
OLLAMA_EMBED: Final = Talk(
    "/api/embed",
    None,
    {"model": "fern-e", "input": "Moss"},
    {"model": "fern-e", "embeddings": [[0.5]], "prompt_eval_count": 4},
)
OLLAMA_EMBEDDINGS: Final = Talk(
    "/api/embeddings", None, {"model": "fern-e", "prompt": "Moss"}, {"embedding": [0.5]}
)

_UNITS: Final = {"input_tokens": 8, "output_tokens": 3}
_COHERE_USAGE: Final = {"billed_units": _UNITS, "tokens": {"input_tokens": 900, "output_tokens": 3}}
_COHERE_END: Final = {"finish_reason": "COMPLETE", "text": "Salt.", "meta": _COHERE_USAGE}
COHERE_V1: Final = Talk(
    "/v1/chat",
    "ndjson",
    {"model": "dune-r", "message": "Salt?", "stream": True},
    {"generation_id": "g", "chat_history": [], **_COHERE_END},
    unnamed(
        {"is_finished": False, "event_type": "stream-start", "generation_id": "g"},
        {"is_finished": False, "event_type": "text-generation", "text": "Salt"},
        {"event_type": "tool-calls-chunk", "tool_call_delta": {"name": "dig", "parameters": '{"d":1}'}},
        {"event_type": "tool-calls-generation", "tool_calls": [{"name": "dig", "parameters": {"d": 1}}]},
    ),
    unnamed(
        {"is_finished": True, "event_type": "stream-end", "response": _COHERE_END},
        {"is_finished": True, "event_type": "stream-error", "finish_reason": "ERROR", "err": "gone"},
        {"message": "too many"},
    ),
)
COHERE_V2: Final = Talk(
    "/v2/chat",
    "sse",
    {"model": "dune-a", "messages": [{"role": "user", "content": "Salt?"}], "stream": True},
    {"id": "m", "message": {"content": [{"type": "text", "text": "Salt."}]}, "usage": _COHERE_USAGE}
    | {"finish_reason": "COMPLETE"},
    named(
        {"type": "message-start", "id": "m", "delta": {"message": {"role": "assistant", "content": []}}},
        {"type": "content-delta", "index": 0, "delta": {"message": {"content": {"thinking": "White"}}}},
        {"type": "content-delta", "index": 1, "delta": {"message": {"content": {"text": "Salt"}}}},
        {"type": "tool-plan-delta", "delta": {"message": {"tool_plan": "Dig"}}},
        {"type": "tool-call-start", "delta": {"message": {"tool_calls": _OLLAMA_CALL}}},
        {"type": "citation-start", "delta": {"message": {"citations": {"start": 0, "text": "Salt"}}}},
    ),
    named(
        {"type": "message-end", "delta": {"finish_reason": "COMPLETE", "usage": _COHERE_USAGE}},
        {"type": "message-end", "delta": {"finish_reason": "ERROR", "error": "gone", "usage": {}}},
    ),
)
COHERE_EMBED: Final = Talk(
    "/v2/embed", None, {"model": "dune-e", "texts": ["Salt"]}, {"meta": {"billed_units": {"input_tokens": 2}}}
)
COHERE_RERANK: Final = Talk(
    "/v2/rerank", None, {"model": "dune-k", "query": "Salt"}, {"meta": {"billed_units": {"search_units": 1}}}
)
GOOGLE_TALKS: Final = (GEMINI, GEMINI_ARRAY, GEMINI_BLOCKED, GEMINI_WHOLE, GEMINI_EMBEDDINGS)
OLLAMA_TALKS: Final = (OLLAMA_CHAT, OLLAMA_GENERATE, OLLAMA_EMBED, OLLAMA_EMBEDDINGS)
COHERE_TALKS: Final = (COHERE_V1, COHERE_V2, COHERE_EMBED, COHERE_RERANK)
