"""Streams of 200 chunks in the shapes of other vendors, written for the benchmark."""

import json
from typing import Any, Final

CHUNKS: Final = 200
ANTHROPIC_PATH: Final = "/v1/messages"
GEMINI_PATH: Final = "/v1beta/models/gemini-2.5-flash:streamGenerateContent"
RESPONSES_PATH: Final = "/v1/responses"


def _event(body: dict[str, Any], *, is_named: bool) -> bytes:
    name = f"event: {body['type']}\n".encode() if is_named else b""
    return name + b"data: " + json.dumps(body, separators=(",", ":")).encode() + b"\n\n"


def anthropic_chunks() -> list[bytes]:
    """Return a message: start, one block of text, stop; the usage stands at both ends."""
    usage = {
        "input_tokens": 82,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 128,
        "output_tokens": 1,
        "service_tier": "standard",
    }
    message = {"id": "msg_01", "type": "message", "role": "assistant", "model": "claude-sonnet-4-5-20250929"}
    block = {"type": "content_block_start", "index": 0, "content_block": {"type": "text", "text": ""}}
    events: list[dict[str, Any]] = [
        {"type": "message_start", "message": {**message, "content": [], "usage": usage}},
        block,
        {"type": "ping"},
    ]
    tail: list[dict[str, Any]] = [
        {"type": "content_block_stop", "index": 0},
        {"type": "message_delta", "delta": {"stop_reason": "end_turn"}, "usage": {"output_tokens": 194}},
        {"type": "message_stop"},
    ]
    events += [
        {"type": "content_block_delta", "index": 0, "delta": {"type": "text_delta", "text": f" word{at}"}}
        for at in range(CHUNKS - len(events) - len(tail))
    ]
    return [_event(event, is_named=True) for event in (*events, *tail)]


def gemini_chunks() -> list[bytes]:
    """Return chunks of text, each with the usage so far; the last one has the finish reason."""

    def chunk(at: int) -> dict[str, Any]:
        candidate: dict[str, Any] = {
            "content": {"parts": [{"text": f" word{at}"}], "role": "model"},
            "index": 0,
        }
        if at == CHUNKS - 1:
            candidate["finishReason"] = "STOP"
        usage = {"promptTokenCount": 210, "candidatesTokenCount": at + 1, "totalTokenCount": 211 + at}
        details = [{"modality": "TEXT", "tokenCount": 210}]
        return {
            "candidates": [candidate],
            "usageMetadata": {**usage, "promptTokensDetails": details},
            "modelVersion": "gemini-2.5-flash",
            "responseId": "9aXk2",
        }

    return [_event(chunk(at), is_named=False) for at in range(CHUNKS)]


def responses_chunks() -> list[bytes]:
    """Return a response: created, in progress, deltas of one text, its repeats, completed with the usage."""
    response = {
        "id": "resp_01",
        "object": "response",
        "model": "gpt-4o-mini-2024-07-18",
        "output": [],
        "usage": None,
    }
    usage = {
        "input_tokens": 210,
        "input_tokens_details": {"cached_tokens": 128},
        "output_tokens": 192,
        "output_tokens_details": {"reasoning_tokens": 0},
        "total_tokens": 402,
    }
    place = {"item_id": "msg_01", "output_index": 0, "content_index": 0}
    text = "".join(f" word{at}" for at in range(CHUNKS - 8))
    part = {"type": "output_text", "text": text, "annotations": []}
    item = {"id": "msg_01", "type": "message", "role": "assistant", "status": "completed", "content": [part]}
    done = {**response, "status": "completed", "output": [item], "usage": usage}
    head: list[dict[str, Any]] = [
        {"type": "response.created", "response": {**response, "status": "in_progress"}},
        {"type": "response.in_progress", "response": {**response, "status": "in_progress"}},
        {"type": "response.output_item.added", "output_index": 0, "item": {**item, "content": []}},
        {"type": "response.content_part.added", **place, "part": {**part, "text": ""}},
    ]
    tail: list[dict[str, Any]] = [
        {"type": "response.output_text.done", **place, "text": text},
        {"type": "response.content_part.done", **place, "part": part},
        {"type": "response.output_item.done", "output_index": 0, "item": item},
        {"type": "response.completed", "response": done},
    ]
    deltas = [
        {"type": "response.output_text.delta", **place, "delta": f" word{at}", "obfuscation": "x" * 12}
        for at in range(CHUNKS - len(head) - len(tail))
    ]
    events = enumerate((*head, *deltas, *tail))
    return [_event({**event, "sequence_number": number}, is_named=True) for number, event in events]
