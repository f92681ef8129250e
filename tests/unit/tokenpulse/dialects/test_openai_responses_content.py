"""Which events of OpenAI Responses bring content, and what text they bring."""

from typing import Any

import pytest

from tokenpulse.dialects.facts import Content
from tokenpulse.dialects.openai_responses import OpenAIResponses
from tokenpulse.dialects.openai_responses_content import MAX_PARTS, event_content

RESPONSES = OpenAIResponses()


@pytest.mark.parametrize(
    ("kind", "content"),
    [
        ("response.output_text.delta", Content.VISIBLE),
        ("response.refusal.delta", Content.VISIBLE),
        ("response.function_call_arguments.delta", Content.VISIBLE),
        ("response.custom_tool_call_input.delta", Content.VISIBLE),
        ("response.mcp_call_arguments.delta", Content.VISIBLE),
        ("response.code_interpreter_call_code.delta", Content.VISIBLE),
        ("response.shell_call_command.delta", Content.VISIBLE),
        ("response.apply_patch_call_operation_diff.delta", Content.VISIBLE),
        ("response.audio.delta", Content.VISIBLE),
        ("response.audio.transcript.delta", Content.VISIBLE),
        ("response.not_invented_yet.delta", Content.VISIBLE),
        ("response.reasoning_text.delta", Content.REASONING),
        ("response.reasoning_summary_text.delta", Content.REASONING),
        ("response.shell_call_output_content.delta", Content.NONE),
    ],
)
def test_deltas(kind: str, content: Content) -> None:
    """Every delta with something in it is content, but for a tool's output; summaries are reasoning."""
    assert event_content(kind, {"type": kind, "delta": "a"}) == content
    assert event_content(kind, {"type": kind, "delta": ""}) == Content.NONE
    assert event_content(kind, {"type": kind, "delta": None}) == Content.NONE
    assert event_content(kind, {"type": kind}) == Content.NONE


@pytest.mark.parametrize(
    ("delta", "content"),
    [
        ({"text": "a"}, Content.VISIBLE),
        ({"text": ""}, Content.NONE),
        ({}, Content.NONE),
        (["a"], Content.NONE),
    ],
)
def test_deltas_that_are_objects(delta: object, content: Content) -> None:
    """Older servers wrap the text."""
    assert event_content("response.output_text.delta", {"delta": delta}) == content


@pytest.mark.parametrize(
    "kind",
    [
        "response.queued",
        "response.web_search_call.in_progress",
        "response.web_search_call.searching",
        "response.code_interpreter_call.interpreting",
        "response.image_generation_call.generating",
        "response.mcp_list_tools.completed",
        "response.compaction.compacting",
        "response.output_text.annotation.added",
        "keepalive",
        "",
    ],
)
def test_events_that_bring_nothing(kind: str) -> None:
    """Progress of hosted tools, annotations, pings."""
    body = {"type": kind, "item_id": "x", "annotation": {"type": "url_citation", "title": "a"}}

    assert event_content(kind, body) == Content.NONE


@pytest.mark.parametrize(
    ("image", "content"), [("UklG", Content.VISIBLE), ("", Content.NONE), (None, Content.NONE)]
)
def test_partial_images(image: object, content: Content) -> None:
    """A generated image is content."""
    kind = "response.image_generation_call.partial_image"

    assert event_content(kind, {"partial_image_b64": image}) == content


@pytest.mark.parametrize(
    ("kind", "members", "content"),
    [
        ("response.content_part.added", {"part": {"type": "output_text", "text": ""}}, Content.NONE),
        ("response.content_part.added", {"part": {"type": "output_text", "text": "a"}}, Content.VISIBLE),
        ("response.content_part.done", {"part": {"type": "reasoning_text", "text": "hm"}}, Content.REASONING),
        ("response.content_part.done", {"part": {"type": "refusal", "refusal": "no"}}, Content.VISIBLE),
        ("response.content_part.done", {"part": "odd"}, Content.NONE),
        ("response.reasoning_summary_part.added", {"part": {"text": "hm"}}, Content.REASONING),
        ("response.output_text.done", {"text": "a"}, Content.VISIBLE),
        ("response.output_text.done", {"text": ""}, Content.NONE),
        ("response.reasoning_text.done", {"text": "hm"}, Content.REASONING),
        ("response.refusal.done", {"refusal": "no"}, Content.VISIBLE),
        ("response.function_call_arguments.done", {"arguments": "{}"}, Content.VISIBLE),
        ("response.custom_tool_call_input.done", {"input": "a"}, Content.VISIBLE),
        ("response.code_interpreter_call_code.done", {"code": "1"}, Content.VISIBLE),
        ("response.shell_call_command.added", {"command": "ls"}, Content.VISIBLE),
        ("response.shell_call_output_content.done", {"output": [{"stdout": "a"}]}, Content.NONE),
        ("response.audio.done", {}, Content.NONE),
    ],
)
def test_what_comes_whole(kind: str, members: dict[str, Any], content: Content) -> None:
    """A text that no delta brought is first seen in an `.added` or `.done` event."""
    assert event_content(kind, {"type": kind, **members}) == content


@pytest.mark.parametrize(
    ("item", "content"),
    [
        ({"type": "message", "content": [], "role": "assistant"}, Content.NONE),
        ({"type": "message", "content": [{"type": "output_text", "text": ""}]}, Content.NONE),
        ({"type": "message", "content": ["odd", {"type": "output_text", "text": "a"}]}, Content.VISIBLE),
        ({"type": "message", "content": [{"type": "refusal", "refusal": "no"}]}, Content.VISIBLE),
        ({"type": "message", "content": "odd"}, Content.NONE),
        ({"type": "reasoning", "summary": [], "encrypted_content": "xx"}, Content.NONE),
        ({"type": "reasoning", "summary": [{"type": "summary_text", "text": "hm"}]}, Content.REASONING),
        ({"type": "reasoning", "content": [{"type": "reasoning_text", "text": "hm"}]}, Content.REASONING),
        ({"type": "function_call", "name": "f", "arguments": ""}, Content.NONE),
        ({"type": "function_call", "name": "f", "arguments": "{}"}, Content.VISIBLE),
        ({"type": "mcp_approval_request", "name": "f", "arguments": "{}"}, Content.VISIBLE),
        ({"type": "tool_search_call", "arguments": {}}, Content.NONE),
        ({"type": "tool_search_call", "arguments": {"queries": ["a"]}}, Content.VISIBLE),
        ({"type": "custom_tool_call", "input": "a"}, Content.VISIBLE),
        ({"type": "code_interpreter_call", "code": None, "outputs": []}, Content.NONE),
        ({"type": "program", "code": "1"}, Content.VISIBLE),
        ({"type": "image_generation_call", "status": "in_progress"}, Content.NONE),
        ({"type": "image_generation_call", "result": "UklG"}, Content.VISIBLE),
        ({"type": "apply_patch_call", "operation": {"type": "delete_file"}}, Content.VISIBLE),
        ({"type": "local_shell_call", "action": {"type": "exec", "command": []}}, Content.NONE),
        ({"type": "local_shell_call", "action": {"type": "exec", "command": ["ls"]}}, Content.VISIBLE),
        ({"type": "shell_call", "action": {"commands": []}}, Content.NONE),
        ({"type": "computer_call", "action": {"type": "screenshot"}}, Content.VISIBLE),
        ({"type": "computer_call", "actions": [{"type": "wait"}]}, Content.VISIBLE),
        ({"type": "computer_call", "action": None}, Content.NONE),
        ({"type": "web_search_call", "action": {"type": "search", "query": "a"}}, Content.NONE),
        ({"type": "file_search_call", "queries": ["a"]}, Content.NONE),
        ({"type": "mcp_list_tools", "tools": [{"name": "f"}]}, Content.NONE),
        ({"type": "program_output", "result": "a"}, Content.NONE),
        ({"type": "compaction", "encrypted_content": "xx"}, Content.NONE),
        ({"type": 7, "arguments": "{}"}, Content.NONE),
    ],
)
def test_items(item: dict[str, Any], content: Content) -> None:
    """What a model generated counts when it comes with its item; hosted tools, outputs, opaque parts do not."""
    for kind in ("response.output_item.added", "response.output_item.done"):
        assert event_content(kind, {"type": kind, "output_index": 0, "item": item}) == content


def test_so_many_parts_are_looked_at() -> None:
    """A hostile item cannot make more work than that."""
    parts = [{"type": "output_text", "text": ""}] * MAX_PARTS + [{"type": "output_text", "text": "a"}]
    item = {"type": "message", "content": parts}

    assert event_content("response.output_item.done", {"item": item}) == Content.NONE


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"type": "response.output_text.delta", "delta": "a"}, "a"),
        ({"type": "response.reasoning_text.delta", "delta": {"text": "hm", "n": 1}}, "hm"),
        ({"type": "response.output_text.delta", "delta": 7}, ""),
        ({"type": "response.audio.delta", "delta": "UklG"}, ""),
        ({"type": "response.audio.transcript.delta", "delta": "a"}, "a"),
        ({"type": "response.shell_call_output_content.delta", "delta": {"stdout": "a"}}, ""),
        (
            {
                "type": "response.output_item.added",
                "item": {"type": "mcp_approval_request", "arguments": "{}"},
            },
            "{}",
        ),
        ({"type": "response.content_part.added", "part": {"type": "output_text", "text": "a"}}, "a"),
        ({"type": "response.shell_call_command.added", "command": "ls"}, "ls"),
        ({"type": "response.output_text.done", "text": "a"}, ""),
        ({"type": "response.completed", "response": {"output": [{"arguments": "{}"}]}}, ""),
        ({"output": [{"type": "message", "content": [{"text": "a"}, {"refusal": "no"}]}]}, "ano"),
        ({"output": [{"type": "reasoning", "summary": [{"text": "hm"}]}, {"input": "x"}, 7]}, "hmx"),
        ({"output": "odd"}, ""),
        ({}, ""),
    ],
)
def test_texts(body: dict[str, Any], text: str) -> None:
    """Deltas, whole answers; what repeats them is not text again, speech and images are none."""
    assert RESPONSES.text(body) == text
