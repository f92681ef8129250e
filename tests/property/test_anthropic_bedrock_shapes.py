"""No shape of JSON makes the dialects of Anthropic and Bedrock raise."""

from base64 import b64encode
from typing import Any

import orjson
from hypothesis import example, given
from hypothesis import strategies as st

from tokenpulse.dialects.anthropic import AnthropicMessages
from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.bedrock_converse import BedrockConverse
from tokenpulse.dialects.bedrock_invoke import BedrockInvoke

DIALECTS: tuple[Dialect, ...] = (AnthropicMessages(), BedrockConverse(), BedrockInvoke())
NAMES = (b"", b"error", b"chunk", b"contentBlockDelta", b"messageStop", b"metadata", b"modelErrorException")
KEY_NAMES = """type message delta content_block usage model stop_reason error text thinking input content name
    input_tokens output_tokens_details cache_creation cost stream n __type Output output stopReason cacheDetails
    contentBlockDelta contentBlockStart messageStop metadata start toolUse reasoningContent reasoningText image
    inputTokens choices finish_reason outputs results generation generations outputText inputTextTokenCount
    tokenCount completion event_type is_finished validationException amazon-bedrock-invocationMetrics
    amazon-bedrock-guardrailAction"""
KEYS = st.sampled_from(KEY_NAMES.split())
WORD_NAMES = """content_block_delta content_block_start message_start message_delta error tool_use redacted_thinking text
    content-delta message-end stream-end text-generation INTERVENED 1h completion"""
WORDS = st.sampled_from(WORD_NAMES.split())
LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-5, 2**64 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | WORDS
    | st.text(max_size=5)
)
VALUES = st.recursive(
    LEAVES,
    lambda values: st.lists(values, max_size=3) | st.dictionaries(KEYS, values, max_size=4),
    max_leaves=12,
)
BODIES = st.dictionaries(KEYS | st.text(max_size=3), VALUES, max_size=5)


def read_all(dialect: Dialect, name: bytes, body: dict[str, Any], is_failure: bool) -> None:
    dialect.request(body)
    dialect.for_request(body)
    dialect.answer(body, is_failure)
    dialect.event(name, body)
    assert isinstance(dialect.text(body), str)


@given(body=BODIES, name=st.sampled_from(NAMES), is_failure=st.booleans(), cut=st.integers(0, 200))
@example(body={"generation": [{"type": []}]}, name=b"", is_failure=False, cut=0)
def test_any_object_is_read(body: dict[str, Any], name: bytes, is_failure: bool, cut: int) -> None:
    """Any object is a request, an answer, an event, whole, cut short or wrapped as a chunk; none raises."""
    raw = orjson.dumps(body)
    bodies = [body, {"bytes": b64encode(raw).decode()}]
    for dialect in DIALECTS:
        abridged = dialect.abridged(raw[:cut], raw[cut:])
        for each in [*bodies, abridged or {}]:
            read_all(dialect, name, dict(each), is_failure)


@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from([b"x-amzn-errortype", b"x-amzn-bedrock-input-token-count", b"x-amzn-requestid"]),
            st.binary(max_size=30),
        )
    )
)
def test_any_header_is_read(headers: list[tuple[bytes, bytes]]) -> None:
    """Headers may hold any bytes."""
    for dialect in DIALECTS:
        usage = dialect.header_usage(headers)
        dialect.header_error(headers)

        assert usage is None or usage.tokens_input is None or usage.tokens_input >= 0
