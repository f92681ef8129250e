"""What the parts of a Gemini candidate hold: text, thoughts, calls, media, code."""

from typing import Final

from tokenpulse.dialects.call_text import arguments_text
from tokenpulse.dialects.facts import Content, JsonObject

MAX_PARTS: Final = 128
"""Most parts of a candidate looked at; recorded chunks hold at most a dozen."""

_OBJECTS: Final = {
    "inlineData": "data",
    "inline_data": "data",
    "executableCode": "code",
    "executable_code": "code",
    "fileData": "fileUri",
    "file_data": "file_uri",
}
"""Parts that are objects, with the text in them that makes them content."""

_CALLS: Final = ("functionCall", "function_call")
_CALL_KEYS: Final = ("name", "args", "partialArgs", "partial_args")


def parts_of(candidate: JsonObject) -> list[JsonObject]:
    """Return the parts of a candidate that are objects."""
    content = candidate.get("content")
    parts = content.get("parts") if isinstance(content, dict) else None
    if not isinstance(parts, list):
        return []
    return [part for part in parts[:MAX_PARTS] if isinstance(part, dict)]


def part_content(part: JsonObject) -> Content:
    """Return what a part brings; signatures alone, results of hosted tools, `functionCall: {}` bring nothing."""
    text = part.get("text")
    if not ((isinstance(text, str) and text) or _holds_object(part)):
        return Content.NONE
    return Content.REASONING if part.get("thought") is True else Content.VISIBLE


def _holds_object(part: JsonObject) -> bool:
    for key in part:
        value = part[key]
        if key in _CALLS and isinstance(value, dict) and any(value.get(name) for name in _CALL_KEYS):
            return True
        if key in _OBJECTS and isinstance(value, dict):
            held = value.get(_OBJECTS[key])
            if isinstance(held, str) and held:
                return True
    return False


def part_text(part: JsonObject) -> str:
    """Return the text a part holds: its own, a call's arguments, code; not media."""
    text = part.get("text")
    texts = [text] if isinstance(text, str) else []
    for key in _CALLS:
        call = part.get(key)
        if isinstance(call, dict):
            texts.append(arguments_text(call.get("args")))
            texts += _partial_texts(call.get("partialArgs") or call.get("partial_args"))
    code = part.get("executableCode") or part.get("executable_code")
    if isinstance(code, dict):
        texts.append(arguments_text(code.get("code")))
    return "".join(texts)


def _partial_texts(arguments: object) -> list[str]:
    """Return the texts of arguments that come in pieces."""
    if not isinstance(arguments, list):
        return []
    pieces = (piece for piece in arguments[:MAX_PARTS] if isinstance(piece, dict))
    return [arguments_text(piece.get("stringValue") or piece.get("string_value")) for piece in pieces]
