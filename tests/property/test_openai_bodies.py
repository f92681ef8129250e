"""No JSON makes the dialects of OpenAI's family raise; the ends of an object tell what the whole would."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.openai_chat import OpenAIChat
from tokenpulse.dialects.openai_completions import OpenAICompletions
from tokenpulse.dialects.openai_embeddings import OpenAIEmbeddings
from tokenpulse.dialects.openai_responses import OpenAIResponses
from tokenpulse.framing.json_ends import joined_ends
from tokenpulse_shared.counters import MAX_COUNT

DIALECTS: list[Dialect] = [OpenAIChat(), OpenAICompletions(), OpenAIEmbeddings(), OpenAIResponses()]
WORDS = st.sampled_from(
    [
        "action",
        "actions",
        "arguments",
        "audio",
        "base_resp",
        "cached_tokens",
        "choices",
        "code",
        "completion_tokens",
        "completion_tokens_details",
        "content",
        "cost",
        "custom",
        "delta",
        "detail",
        "error",
        "errors",
        "finish_reason",
        "function",
        "function_call",
        "images",
        "index",
        "input",
        "input_tokens",
        "item",
        "message",
        "model",
        "n",
        "object",
        "output",
        "output_tokens",
        "part",
        "prompt_tokens",
        "prompt_tokens_details",
        "reasoning",
        "reasoning_content",
        "reasoning_tokens",
        "refusal",
        "response",
        "result",
        "status",
        "status_code",
        "stream",
        "summary",
        "text",
        "thinking",
        "tool_calls",
        "total_tokens",
        "type",
        "usage",
        "x_groq",
    ]
)
VALUES = st.sampled_from(
    [
        "",
        "a",
        "error",
        "failed",
        "completed",
        "message",
        "response.output_item.done",
        "response.output_text.delta",
    ]
)
LEAVES = st.one_of(st.none(), st.booleans(), st.integers(-1, 99), st.just(MAX_COUNT), st.floats(), VALUES)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=25,
)
BODIES = st.dictionaries(WORDS, JSON, max_size=6)


def nested(depth: int) -> dict[str, Any]:
    value: Any = "a"
    for level in range(depth):
        value = [value] if level % 2 else {"text": value, "content": value}
    return {
        "choices": [{"delta": {"content": [value], "reasoning": value}}],
        "output": [value],
        "error": value,
    }


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
@settings(max_examples=150, deadline=None)
@given(body=BODIES, name=st.sampled_from([b"", b"error", b"\xff"]), is_failure=st.booleans())
def test_no_body_raises(dialect: Dialect, body: dict[str, Any], name: bytes, is_failure: bool) -> None:
    """Whatever the shape, facts come out, with counts that can be counted."""
    told = dialect.event(name, body)
    answer = dialect.answer(body, is_failure)

    assert isinstance(dialect.text(body), str)
    assert 1 <= dialect.request(body).choices <= 128
    assert answer.error is not None or not is_failure
    for usage in (told.usage, answer.usage):
        assert usage is None or all(count is None or 0 <= count <= MAX_COUNT for count in usage[:5])


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda dialect: str(dialect.name))
def test_no_depth_raises(dialect: Dialect) -> None:
    """As deep as JSON can be parsed."""
    body = nested(500)

    assert isinstance(dialect.text(body), str)
    assert dialect.event(b"", body).usage is None
    assert dialect.answer(body, True).usage is None


@settings(max_examples=300, deadline=None)
@given(head=st.binary(max_size=60), tail=st.binary(max_size=60), text=st.text('{}[]",:\\ua1', max_size=60))
def test_no_ends_raise(head: bytes, tail: bytes, text: str) -> None:
    """Whatever the bytes, an object comes out or None."""
    for start, end in (
        (head, tail),
        (b'{"a":' + text.encode(), text.encode() + b"}"),
        (b"{" + head, tail + b"}}"),
    ):
        found = joined_ends(start, end)

        assert found is None or isinstance(found, dict)


@settings(max_examples=300, deadline=None)
@given(
    before=st.dictionaries(st.text(max_size=5), JSON, max_size=3),
    inner=st.dictionaries(st.text(min_size=1, max_size=3), JSON, max_size=5),
    after=st.dictionaries(st.text(min_size=1, max_size=5), JSON, max_size=3),
    cuts=st.tuples(st.integers(-8, 50), st.integers(0, 50)),
    is_indented=st.booleans(),
)
def test_ends_tell_what_the_whole_does(
    before: dict[str, Any],
    inner: dict[str, Any],
    after: dict[str, Any],
    cuts: tuple[int, int],
    is_indented: bool,
) -> None:
    """Cut anywhere inside a member of a member, what follows is found where it stood."""
    big = {"long": "x" * 50, **inner}
    whole = {**before, "big": big, **{f"~{key}": value for key, value in after.items()}}
    text = orjson.dumps(whole, option=orjson.OPT_INDENT_2 if is_indented else None)
    whole = orjson.loads(text)
    place = text.rindex(b"x" * 50)
    found: Any = joined_ends(text[: place + cuts[0]], text[place + 50 - cuts[1] :])

    assert found is not None
    assert {**found, "big": 0} == {**whole, "big": 0}
    assert found["big"].get("long", "") == "x" * max(cuts[0], 0)
    assert {**found["big"], "long": 0} == {**whole["big"], "long": 0}
