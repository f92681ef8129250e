"""What Ollama's lines and answers mean: content, the last line, errors, requests."""

from typing import Any

import orjson
import pytest

from tests.support.dialect_events import read_events
from tokenpulse.dialects.facts import AnswerFacts, Content, ErrorFacts, EventFacts, RequestFacts, Usage
from tokenpulse.dialects.ollama import OllamaChat, OllamaGenerate
from tokenpulse.requests.endpoints import Endpoints

CHAT = OllamaChat()
GENERATE = OllamaGenerate()
CALL = {"function": {"name": "clock", "arguments": {"city": "Rome"}}}


def line(done: bool = False, **message: Any) -> dict[str, Any]:
    return {"model": "gemma3:1b", "message": {"role": "assistant", **message}, "done": done}


@pytest.mark.parametrize(
    ("message", "content"),
    [
        ({"content": "a"}, Content.VISIBLE),
        ({"content": ""}, Content.NONE),
        ({"content": "", "thinking": "hm"}, Content.REASONING),
        ({"content": "a", "thinking": "hm"}, Content.VISIBLE),
        ({"content": "", "thinking": ""}, Content.NONE),
        ({"content": "", "tool_calls": [CALL]}, Content.VISIBLE),
        ({"content": "", "tool_calls": [{"function": {"name": "clock"}}]}, Content.VISIBLE),
        ({"content": "", "tool_calls": []}, Content.NONE),
        ({"content": "", "tool_calls": [7, {"function": None}, {"function": {}}]}, Content.NONE),
        ({"content": "", "tool_calls": "odd"}, Content.NONE),
        ({"content": "", "images": ["aWNv"]}, Content.VISIBLE),
        ({"content": 7, "thinking": 7}, Content.NONE),
    ],
)
def test_content_of_a_line(message: dict[str, Any], content: Content) -> None:
    """Text, whole calls, images are visible; thinking is reasoning."""
    assert CHAT.event(b"", line(**message)) == EventFacts(content, model="gemma3:1b")


@pytest.mark.parametrize(
    ("body", "content"),
    [
        ({"response": "a", "done": False}, Content.VISIBLE),
        ({"response": "", "thinking": "hm", "done": False}, Content.REASONING),
        ({"response": "", "image": "aWNv", "done": False}, Content.VISIBLE),
        ({"completed": 1, "total": 8, "done": False}, Content.NONE),
        ({"message": {"content": "a"}, "done": False}, Content.NONE),
    ],
)
def test_content_of_a_generated_line(body: dict[str, Any], content: Content) -> None:
    """Generate's lines hold their text, thinking, image themselves; progress is none of them."""
    assert GENERATE.event(b"", body) == EventFacts(content)


def test_a_stream() -> None:
    """Thinking, a call, text; the last line ends it and counts."""
    facts = read_events(
        CHAT,
        line(content="", thinking="hm"),
        line(content="", tool_calls=[CALL]),
        line(content="Noon."),
        {**line(True, content=""), "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 5},
    )

    assert (facts.first_content_at, facts.first_visible_at, facts.last_content_at) == (0.0, 1.0, 2.0)
    assert facts.usage == Usage(11, 5, is_whole=True)
    assert (facts.finishes, facts.is_terminated, facts.model) == ({0: "stop"}, True, "gemma3:1b")


@pytest.mark.parametrize(
    ("last", "usage", "finishes"),
    [
        ({"done_reason": "stop", "eval_count": 5}, Usage(None, 5), ((0, "stop"),)),
        ({"done_reason": "length", "prompt_eval_count": 11}, Usage(11), ((0, "length"),)),
        ({"done_reason": "load"}, None, ((0, "load"),)),
        ({"done_reason": "unload"}, None, ((0, "unload"),)),
        ({"eval_count": -5}, Usage(has_rejected=True), ()),
        (
            {"done_reason": 7, "prompt_eval_count": 1.5, "eval_count": 5},
            Usage(None, 5, has_rejected=True),
            (),
        ),
    ],
)
def test_last_lines(last: dict[str, Any], usage: Usage | None, finishes: tuple[tuple[int, str], ...]) -> None:
    """What the last line leaves out is not known, never 0; older servers give no reason."""
    assert CHAT.event(b"", {"done": True, **last}) == EventFacts(
        usage=usage, finishes=finishes, is_terminal=True
    )


def test_a_last_line_with_content() -> None:
    """A server that answers in one line has content, end and counts in it."""
    body = {**line(True, content="Noon."), "done_reason": "stop", "prompt_eval_count": 11, "eval_count": 5}

    assert CHAT.event(b"", body) == EventFacts(
        Content.VISIBLE, Usage(11, 5, is_whole=True), ((0, "stop"),), model="gemma3:1b", is_terminal=True
    )
    assert CHAT.answer(body, False) == AnswerFacts("gemma3:1b", "stop", Usage(11, 5, is_whole=True))


def test_errors() -> None:
    """An error is a text, in a line of a stream as in a failed answer."""
    error = ErrorFacts(message="model 'gone' not found")

    assert CHAT.event(b"", {"error": "model 'gone' not found"}) == EventFacts(error=error)
    assert CHAT.answer({"error": "model 'gone' not found"}, True) == AnswerFacts(error=error)
    assert CHAT.event(b"error", {"message": "gone"}).error == ErrorFacts(message="gone")


@pytest.mark.parametrize(
    "body", [{}, {"message": "text"}, {"message": [1], "done": "true"}, {"choices": [{"message": {}}]}]
)
def test_lines_that_say_nothing(body: dict[str, Any]) -> None:
    """Odd shapes tell nothing and raise nothing."""
    assert CHAT.event(b"", body) == EventFacts()
    assert CHAT.answer(body, False) == AnswerFacts()


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        ({"model": "gemma3:1b"}, RequestFacts("gemma3:1b", True)),
        ({"model": "gemma3:1b", "stream": None}, RequestFacts("gemma3:1b", True)),
        ({"model": "gemma3:1b", "stream": False}, RequestFacts("gemma3:1b", False)),
        ({"model": "", "stream": "no"}, RequestFacts()),
        ({"model": 7, "stream": True}, RequestFacts(None, True, has_bad_model=True)),
    ],
)
def test_requests(body: dict[str, Any], facts: RequestFacts) -> None:
    """A request that says nothing of a stream asks for one."""
    assert CHAT.request(body) == facts


def test_text() -> None:
    """Text is thinking, text, arguments."""
    assert CHAT.text(line(content="Noon.", thinking="hm ", tool_calls=[CALL])) == 'hm Noon.{"city":"Rome"}'
    assert GENERATE.text({"response": "Noon.", "thinking": "hm "}) == "hm Noon."
    assert CHAT.text({"message": {"content": None}}) == ""


def test_a_last_line_too_long_to_keep() -> None:
    """Generate's last line repeats the context, number by number; its counts stand after it."""
    data = orjson.dumps(
        {
            "model": "gemma3:1b",
            "response": "",
            "done": True,
            "done_reason": "stop",
            "context": list(range(100_000)),
            "total_duration": 9,
            "prompt_eval_count": 70_000,
            "eval_count": 30_000,
        }
    )
    body = GENERATE.abridged(data[: 16 * 1024], data[-32 * 1024 :])

    assert body is not None
    assert GENERATE.event(b"", body) == EventFacts(
        usage=Usage(70_000, 30_000, is_whole=True),
        finishes=((0, "stop"),),
        model="gemma3:1b",
        is_terminal=True,
    )


@pytest.mark.parametrize(
    ("path", "name"), [("/api/chat", "ollama-chat"), ("/llm/api/generate", "ollama-generate")]
)
def test_paths(path: str, name: str) -> None:
    """The path tells the dialect; whether it streams the request and the answer tell."""
    endpoint = Endpoints([CHAT, GENERATE]).find(path)

    assert endpoint is not None
    assert (endpoint.dialect.name, endpoint.is_stream) == (name, None)
