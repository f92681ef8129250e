"""Tell what generated content a delta or a message of OpenAI chat completions brings."""

from typing import Final

from tokenpulse.dialects.facts import Content, JsonObject

MAX_PARTS: Final = 64
"""Most parts of a message, most calls of tools looked at."""

MAX_PART_DEPTH: Final = 4
"""How deep parts may nest: Mistral's thinking holds a list of parts that hold text."""

_CITATIONS: Final = ("reference", "tool_reference")
"""Mistral's parts that point at a source."""

_REASONING: Final = ("reasoning_content", "reasoning", "reasoning_details", "reasoning_text")
_REASONING_PARTS: Final = ("thinking", "reasoning")
"""Mistral's name of such a part, Databricks'."""
_CALL_KINDS: Final = ("function", "custom")


def _has_text(parts: object, depth: int = MAX_PART_DEPTH) -> bool:
    """Tell whether a string or a list of typed parts holds any text."""
    if isinstance(parts, str):
        return parts != ""
    if depth == 0:
        return False
    if isinstance(parts, list):
        return any(_has_text(part, depth - 1) for part in parts[:MAX_PARTS])
    if isinstance(parts, dict):
        return any(_has_text(parts.get(key), depth - 1) for key in ("text", "thinking", "summary"))
    return False


def _list_content(parts: list[object]) -> Content:
    """Return the content of typed parts: thinking is reasoning, anything else but a citation visible."""
    content = Content.NONE
    for part in parts[:MAX_PARTS]:
        kind = part.get("type") if isinstance(part, dict) else "reference"
        if kind in _REASONING_PARTS:
            content = max(content, Content.REASONING if _has_text(part) else Content.NONE)
        elif kind not in _CITATIONS and (kind != "text" or _has_text(part)):
            return Content.VISIBLE
    return content


def _is_called(function: object) -> bool:
    """Tell whether a call says its name or any of its arguments; a custom tool's are its `input`."""
    return isinstance(function, dict) and any(function.get(key) for key in ("name", "arguments", "input"))


def _calls(message: JsonObject) -> list[object]:
    """Return what stands in each call of a message, be it of a function or of a custom tool."""
    calls = message.get("tool_calls")
    listed = calls[:MAX_PARTS] if isinstance(calls, list) else []
    found = [call.get(kind) for call in listed if isinstance(call, dict) for kind in _CALL_KINDS]
    return [*found, message.get("function_call")]


def _has_media(delta: JsonObject) -> bool:
    """Tell whether a delta brings speech or its transcript, or OpenRouter's images."""
    audio = delta.get("audio")
    is_heard = isinstance(audio, dict) and bool(audio.get("data") or audio.get("transcript"))
    return is_heard or bool(delta.get("images"))


def delta_content(delta: JsonObject) -> Content:
    """Return what a delta brings: text, refusal, media, a call's name or arguments; reasoning; nothing."""
    text = delta.get("content")
    if text and isinstance(text, str):
        return Content.VISIBLE
    found = _list_content(text) if isinstance(text, list) else Content.NONE
    if not delta or found is Content.VISIBLE:
        return found
    if delta.get("refusal") or _has_media(delta):
        return Content.VISIBLE
    if ("tool_calls" in delta or "function_call" in delta) and any(map(_is_called, _calls(delta))):
        return Content.VISIBLE
    if any(_has_text(delta.get(key)) for key in _REASONING):
        return Content.REASONING
    return found


def _call_text(function: object) -> str:
    texts = (function.get(key) for key in ("arguments", "input")) if isinstance(function, dict) else ()
    return "".join(text for text in texts if isinstance(text, str))


def joined_text(parts: object, depth: int = MAX_PART_DEPTH) -> str:
    """Return a string, or the texts of a list of typed parts in one."""
    if isinstance(parts, str):
        return parts
    if depth == 0:
        return ""
    if isinstance(parts, list):
        return "".join(joined_text(part, depth - 1) for part in parts)
    if isinstance(parts, dict):
        return joined_text(parts.get("text") or parts.get("thinking"), depth - 1)
    return ""


def message_text(message: JsonObject) -> str:
    """Return the text of a delta or a message: reasoning, content, refusal, call arguments."""
    texts = [joined_text(message.get("reasoning_content") or message.get("reasoning"))]
    texts += [joined_text(message.get(key)) for key in ("content", "refusal")]
    texts += [_call_text(call) for call in _calls(message)]
    return "".join(texts)
