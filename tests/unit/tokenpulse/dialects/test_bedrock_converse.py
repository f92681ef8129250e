"""What Converse's bodies mean: content, usage, finish, exceptions."""

from typing import Any

import pytest

from tests.support.aws_messages import event_message, exception_message
from tokenpulse.dialects.bedrock_converse import BedrockConverse, is_converse
from tokenpulse.dialects.facts import (
    NO_FACTS,
    AnswerFacts,
    Content,
    ErrorFacts,
    EventFacts,
    RequestFacts,
    Usage,
)
from tokenpulse.framing.aws_eventstream import AwsEventStreamFramer
from tokenpulse.reading.event_facts import facts_of
from tokenpulse.reading.stream_facts import StreamFacts
from tokenpulse.requests.endpoints import Endpoints

CONVERSE = BedrockConverse()


def read_messages(*messages: bytes) -> StreamFacts:
    facts = StreamFacts()
    for place, event in enumerate(AwsEventStreamFramer().feed(b"".join(messages))):
        told = facts_of(event, CONVERSE)
        assert told is not None
        facts.note(told, float(place))
    return facts


@pytest.mark.parametrize(
    ("delta", "content"),
    [
        ({"text": "It"}, Content.VISIBLE),
        ({"text": ""}, Content.NONE),
        ({"text": 7}, Content.NONE),
        ({"toolUse": {"input": '{"a"'}}, Content.VISIBLE),
        ({"toolUse": {"input": ""}}, Content.NONE),
        ({"toolUse": "odd"}, Content.NONE),
        ({"reasoningContent": {"text": "hm"}}, Content.REASONING),
        ({"reasoningContent": {"text": ""}}, Content.NONE),
        ({"reasoningContent": {"text": 7}}, Content.NONE),
        ({"reasoningContent": {"signature": "c2ln"}}, Content.NONE),
        ({"reasoningContent": {"redactedContent": "b3Bh"}}, Content.NONE),
        ({"reasoningContent": "odd"}, Content.NONE),
        ({"image": {"source": {"bytes": "aWNv"}}}, Content.VISIBLE),
        ({"citation": {"title": "Noon", "sourceContent": [{"text": "noon"}]}}, Content.NONE),
        ({"toolResult": [{"text": "12:00"}]}, Content.NONE),
    ],
)
def test_content_of_a_delta(delta: dict[str, Any], content: Content) -> None:
    """Text, a call's input, an image are content; reasoning is reasoning; nothing else counts."""
    body = {"contentBlockIndex": 0, "delta": delta, "p": "abc"}
    told = CONVERSE.event(b"contentBlockDelta", body)

    assert told == NO_FACTS._replace(content=content)
    assert CONVERSE.event(b"", {"contentBlockDelta": body}) == told


@pytest.mark.parametrize(
    ("name", "body", "content"),
    [
        (b"contentBlockStart", {"start": {"toolUse": {"toolUseId": "t", "name": "clock"}}}, Content.VISIBLE),
        (b"contentBlockStart", {"start": {"toolUse": {"toolUseId": "t"}}}, Content.NONE),
        (b"contentBlockStart", {"start": {"toolResult": {"toolUseId": "t"}}}, Content.NONE),
        (b"contentBlockStart", {"start": None}, Content.NONE),
        (b"contentBlockDelta", {"delta": "odd"}, Content.NONE),
        (b"contentBlockStop", {"contentBlockIndex": 0}, Content.NONE),
        (b"messageStart", {"role": "assistant"}, Content.NONE),
        (b"laterThanUs", {"delta": {"text": "a"}}, Content.NONE),
        (b"", {"messageStop": "odd"}, Content.NONE),
    ],
)
def test_content_of_other_events(name: bytes, body: dict[str, Any], content: Content) -> None:
    """The start of a named call is content; preludes, ends, kinds not known yet are not."""
    assert CONVERSE.event(name, body) == NO_FACTS._replace(content=content)


@pytest.mark.parametrize(
    "reason", ["end_turn", "tool_use", "max_tokens", "stop_sequence", "guardrail_intervened"]
)
def test_finish_reason(reason: str) -> None:
    """The reason is the wire's word; a guardrail's is a finish like any other."""
    told = CONVERSE.event(b"messageStop", {"stopReason": reason})

    assert told == EventFacts(finishes=((0, reason),), is_terminal=True)


def test_end_without_a_reason() -> None:
    """A message that stops without saying why has still come to its end."""
    assert CONVERSE.event(b"messageStop", {"stopReason": None}) == EventFacts(is_terminal=True)


def test_a_stream() -> None:
    """Usage comes after the message's end; input gets what the cache read and wrote."""
    usage = {
        "inputTokens": 5,
        "outputTokens": 9,
        "cacheReadInputTokens": 100,
        "cacheWriteInputTokens": 10,
        "cacheDetails": [{"ttl": "1h", "inputTokens": 10}],
    }
    facts = read_messages(
        event_message(b"messageStart", {"role": "assistant", "p": "abc"}),
        event_message(b"contentBlockDelta", {"delta": {"reasoningContent": {"text": "hm"}}}),
        event_message(b"contentBlockDelta", {"delta": {"text": "Noon"}}),
        event_message(b"contentBlockStop", {"contentBlockIndex": 0}),
        event_message(b"messageStop", {"stopReason": "end_turn"}),
        event_message(b"metadata", {"usage": usage, "metrics": {"latencyMs": 321}}),
    )

    assert (facts.first_content_at, facts.first_visible_at, facts.last_content_at) == (1.0, 2.0, 2.0)
    assert (facts.model, facts.finishes, facts.is_terminated) == (None, {0: "end_turn"}, True)
    assert facts.usage is not None
    assert facts.usage.normalised() == Usage(
        tokens_input=115,
        tokens_output=9,
        tokens_cached=100,
        tokens_cache_write=10,
        tokens_cache_write_1h=10,
        is_whole=True,
    )


def test_an_exception_within_a_stream() -> None:
    """What AWS throws in the middle is the stream's error; it has no end then."""
    facts = read_messages(
        event_message(b"contentBlockDelta", {"delta": {"text": "No"}}),
        exception_message(b"modelStreamErrorException", b'{"message":"Broken."}'),
    )

    assert facts.error == ErrorFacts("modelStreamErrorException", None, "Broken.")
    assert (facts.finishes, facts.is_terminated) == ({}, False)


@pytest.mark.parametrize(
    ("body", "is_failure", "facts"),
    [
        (
            {
                "output": {"message": {"role": "assistant", "content": [{"text": "Noon."}]}},
                "stopReason": "end_turn",
                "usage": {"inputTokens": 5, "outputTokens": 9, "totalTokens": 14},
            },
            False,
            AnswerFacts(None, "end_turn", Usage(5, 9, input_lacks_cache=True, is_whole=True)),
        ),
        ({"message": "Not known."}, True, AnswerFacts(error=ErrorFacts(message="Not known."))),
        (
            {"__type": "InternalServerError", "message": "m"},
            True,
            AnswerFacts(error=ErrorFacts("InternalServerError", None, "m")),
        ),
        ({"stopReason": 7, "usage": 7}, False, AnswerFacts()),
    ],
)
def test_answers(body: dict[str, Any], is_failure: bool, facts: AnswerFacts) -> None:
    """An answer tells stop reason and usage, never a model."""
    assert CONVERSE.answer(body, is_failure) == facts


def test_the_type_of_a_failure_stands_in_a_header() -> None:
    """Bodies of AWS failures seldom name their type."""
    assert CONVERSE.header_error([(b"x-amzn-errortype", b"ValidationException:http://a/")]) == (
        "ValidationException"
    )
    assert CONVERSE.header_usage([(b"x-amzn-bedrock-input-token-count", b"7")]) is None


def test_requests() -> None:
    """The body names neither model nor streaming: the path does."""
    assert CONVERSE.request({"messages": [], "model": "m"}) == RequestFacts()


@pytest.mark.parametrize(
    ("path", "model", "is_stream"),
    [
        ("/model/amazon.nova-lite-v1:0/converse", "amazon.nova-lite-v1:0", False),
        ("/bedrock/model/us.anthropic.claude-x-v1:0/converse-stream", "us.anthropic.claude-x-v1:0", True),
        (
            "/model/arn:aws:bedrock:eu-west-1:1:inference-profile/eu.meta.llama/converse",
            "arn:aws:bedrock:eu-west-1:1:inference-profile/eu.meta.llama",
            False,
        ),
    ],
)
def test_paths(path: str, model: str, is_stream: bool) -> None:
    """The path tells the model, an ARN with its slash too, and whether the answer streams."""
    endpoint = Endpoints([CONVERSE]).find(path)

    assert endpoint is not None
    assert (endpoint.dialect, endpoint.path_model, endpoint.is_stream) == (CONVERSE, model, is_stream)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"delta": {"text": "It is "}}, "It is "),
        ({"delta": {"reasoningContent": {"text": "hm"}}}, "hm"),
        ({"delta": {"toolUse": {"input": '{"a"'}}}, '{"a"'),
        ({"contentBlockDelta": {"delta": {"text": "It is "}}}, "It is "),
        (
            {
                "output": {
                    "message": {
                        "content": [
                            {"reasoningContent": {"reasoningText": {"text": "hm", "signature": "c2ln"}}},
                            {"text": "Noon."},
                            {"toolUse": {"name": "clock", "input": {"zone": "UTC"}}},
                            {"toolResult": {"content": [{"text": "12:00"}]}},
                            "odd",
                        ]
                    }
                }
            },
            'hmNoon.{"zone":"UTC"}',
        ),
        ({"contentBlockDelta": "odd", "output": {"message": 7}}, ""),
        ({"output": "odd", "delta": 7}, ""),
    ],
)
def test_text(body: dict[str, Any], text: str) -> None:
    """Text is what the model wrote: reasoning, answer, arguments; not what a tool found."""
    assert CONVERSE.text(body) == text


@pytest.mark.parametrize(
    ("head", "text"),
    [
        (b'{"contentBlockIndex":0,"delta":{"toolUse":{"input":"{\\"a', "{\\"),
        (b'{"contentBlockIndex":0,"delta":{"text":"It is', "It is"),
    ],
)
def test_a_delta_too_long_to_keep(head: bytes, text: str) -> None:
    """Its head tells that it brings content, and the beginning of what."""
    body = CONVERSE.abridged(head, b'zzz"},"p":"abc"}')

    assert body is not None
    assert CONVERSE.event(b"contentBlockDelta", body) == EventFacts(Content.VISIBLE)
    assert CONVERSE.text(body) == text


def test_an_answer_too_long_to_keep() -> None:
    """Its end tells stop reason and usage."""
    body = CONVERSE.abridged(
        b'{"metrics":{"latencyMs":321},"output":{"message":{"content":[{"text":"It',
        b'."}]}},"stopReason":"end_turn","usage":{"inputTokens":5}}',
    )

    assert body is not None
    assert CONVERSE.answer(body, False) == AnswerFacts(
        None, "end_turn", Usage(tokens_input=5, input_lacks_cache=True, is_whole=True)
    )


def test_shape() -> None:
    """An answer or an event under its key is told by its keys."""
    assert is_converse({"output": {}})
    assert is_converse({"metadata": {}})
    assert not is_converse({"outputs": []})
