"""Tell what an event or an item of OpenAI Responses brings of what a model generated.

Deltas bring nearly everything. Some calls and texts have none (approvals of MCP calls, LM Studio's calls): they
stand whole in an `.added` or `.done` event. So those count as well, where they hold text; where deltas came
before, they repeat it within the same moment.
"""

from typing import Final

from tokenpulse.dialects.facts import Content, JsonObject

MAX_PARTS: Final = 128
"""Most parts of an item looked at; the first one with text decides."""

_TOOL_OUTPUT: Final = "response.shell_call_output_content.delta"
"""The one delta that is a tool's output, not a model's."""

_TEXT_KEYS: Final = ("text", "refusal", "transcript", "arguments", "input", "code", "command")
"""Where an event, a part or an item holds text that a model wrote."""


def _has_text(value: object) -> bool:
    """Tell whether a string holds anything; older servers' deltas are objects with a string in them."""
    if isinstance(value, dict):
        return any(text and isinstance(text, str) for text in value.values())
    return bool(value) and isinstance(value, str)


def _objects(value: object) -> list[JsonObject]:
    if isinstance(value, dict):
        return [value]
    return [part for part in value[:MAX_PARTS] if isinstance(part, dict)] if isinstance(value, list) else []


def _written(holder: JsonObject) -> list[str]:
    """Return the texts that stand in an event, a part or an item itself."""
    texts = (holder.get(key) for key in _TEXT_KEYS)
    return [text for text in texts if text and isinstance(text, str)]


def _parts_written(item: JsonObject) -> list[str]:
    """Return the texts of an item: those of its summary, its parts, its own."""
    texts: list[str] = []
    for part in (*_objects(item.get("summary")), *_objects(item.get("content"))):
        texts += _written(part)
    return texts + _written(item)


def _has_action(action: object) -> bool:
    """Tell whether an action is there; a shell's begins without commands."""
    if not isinstance(action, dict):
        return bool(action)
    commands = action.get("command", action.get("commands"))
    return bool(action) if commands is None else bool(commands)


def item_content(item: JsonObject) -> Content:
    """Return what an output item brings; a tool's output or a hosted search brings nothing."""
    kind = item.get("type")
    if not isinstance(kind, str) or kind.endswith("_output"):
        return Content.NONE
    if kind == "reasoning":
        return Content.REASONING if _parts_written(item) else Content.NONE
    if _parts_written(item) or any(item.get(key) for key in ("arguments", "result", "operation", "actions")):
        return Content.VISIBLE
    is_call = kind != "web_search_call" and _has_action(item.get("action"))
    return Content.VISIBLE if is_call else Content.NONE


def _whole_content(kind: str, body: JsonObject) -> Content:
    """Return what an `.added` or `.done` event brings."""
    item = body.get("item")
    if isinstance(item, dict):
        return item_content(item)
    part = body.get("part")
    holder = part if isinstance(part, dict) else body
    if not _written(holder):
        return Content.NONE
    is_reasoning = "reasoning" in kind or (part is holder and part.get("type") == "reasoning_text")
    return Content.REASONING if is_reasoning else Content.VISIBLE


def event_content(kind: str, body: JsonObject) -> Content:
    """Return what an event of this type brings.

    Any type that ends in `.delta` counts, also one that is not known yet.
    """
    if kind.endswith(".delta"):
        if kind == _TOOL_OUTPUT or not _has_text(body.get("delta")):
            return Content.NONE
        return Content.REASONING if "reasoning" in kind else Content.VISIBLE
    if kind.endswith((".added", ".done")):
        return _whole_content(kind, body)
    if kind.endswith(".partial_image"):
        return Content.VISIBLE if body.get("partial_image_b64") else Content.NONE
    return Content.NONE


def _delta_text(kind: str, body: JsonObject) -> str:
    if kind == _TOOL_OUTPUT or kind.endswith("audio.delta"):
        return ""
    delta = body.get("delta")
    if isinstance(delta, dict):
        return "".join(text for text in delta.values() if isinstance(text, str))
    return delta if isinstance(delta, str) else ""


def generated_text(body: JsonObject) -> str:
    """Return the text of a delta, of what is whole from its first event on, of an answer's output.

    What `.done` and `.completed` events hold came before.
    """
    kind = body.get("type")
    if isinstance(kind, str) and kind.endswith(".delta"):
        return _delta_text(kind, body)
    if isinstance(kind, str) and kind.endswith(".added"):
        holders = [*_objects(body.get("item")), *_objects(body.get("part"))] or [body]
    else:
        holders = _objects(body.get("output"))
    return "".join(text for holder in holders for text in _parts_written(holder))
