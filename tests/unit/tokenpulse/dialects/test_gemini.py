"""What Gemini's bodies mean: content, finish, blocked prompts, errors, requests."""

from typing import Any

import pytest

from tests.support.dialect_events import read_events
from tokenpulse.dialects.facts import AnswerFacts, Content, ErrorFacts, EventFacts, RequestFacts, Usage
from tokenpulse.dialects.gemini import GeminiGenerate
from tokenpulse.requests.endpoints import Endpoints

GEMINI = GeminiGenerate()
USAGE = {"promptTokenCount": 7, "candidatesTokenCount": 3, "totalTokenCount": 10}
BLOCKED = ErrorFacts(message="prompt blocked: SAFETY", is_callers=True)


def chunk(*parts: Any, **candidate: Any) -> dict[str, Any]:
    return {"candidates": [{"content": {"role": "model", "parts": list(parts)}, **candidate}]}


@pytest.mark.parametrize(
    ("part", "content"),
    [
        ({"text": "a"}, Content.VISIBLE),
        ({"text": ""}, Content.NONE),
        ({"text": "", "thoughtSignature": "c2ln"}, Content.NONE),
        ({"thoughtSignature": "c2ln"}, Content.NONE),
        ({"text": "hm", "thought": True}, Content.REASONING),
        ({"text": "", "thought": True}, Content.NONE),
        ({"text": 7}, Content.NONE),
        ({"functionCall": {"name": "f", "args": {}}}, Content.VISIBLE),
        ({"functionCall": {"name": "f", "willContinue": True}}, Content.VISIBLE),
        ({"functionCall": {"partialArgs": [{"jsonPath": "$.a", "stringValue": "b"}]}}, Content.VISIBLE),
        ({"function_call": {"name": "f"}}, Content.VISIBLE),
        ({"functionCall": {}}, Content.NONE),
        ({"functionCall": {"willContinue": False}}, Content.NONE),
        ({"functionCall": "f"}, Content.NONE),
        ({"inlineData": {"mimeType": "image/png", "data": "aWNv"}}, Content.VISIBLE),
        ({"inlineData": {"mimeType": "image/png", "data": "aWNv"}, "thought": True}, Content.REASONING),
        ({"inline_data": {"data": "aWNv"}}, Content.VISIBLE),
        ({"inlineData": {"data": ""}}, Content.NONE),
        ({"inlineData": {"data": 7}}, Content.NONE),
        ({"inlineData": None}, Content.NONE),
        ({"fileData": {"fileUri": "gs://bucket/clip.mp4"}}, Content.VISIBLE),
        ({"executableCode": {"language": "PYTHON", "code": "print(1)"}}, Content.VISIBLE),
        ({"codeExecutionResult": {"outcome": "OUTCOME_OK", "output": "1"}}, Content.NONE),
        ({"toolCall": {"toolType": "GOOGLE_SEARCH_WEB"}}, Content.NONE),
    ],
)
def test_content_of_a_part(part: dict[str, Any], content: Content) -> None:
    """Text, calls, media, code are content; thoughts are reasoning; signatures and tools' results are neither."""
    assert GEMINI.event(b"", chunk(part)).content == content


def test_content_of_several_parts() -> None:
    """Of the parts of a chunk the most visible one counts, whichever candidate has it."""
    body = {
        "candidates": [
            {"content": {"parts": [{"text": "hm", "thought": True}, {"text": "a"}]}},
            {"content": {"parts": [{"text": ""}]}},
        ]
    }

    assert GEMINI.event(b"", body).content is Content.VISIBLE


@pytest.mark.parametrize(
    "body",
    [
        {"usageMetadata": {"trafficType": "ON_DEMAND"}},
        {"candidates": [{"content": {"missing": True}, "index": 0}]},
        {"candidates": [{"content": {"parts": "odd"}}, {"content": [1]}, {}, 7]},
        {"candidates": {"0": 1}},
        {"candidates": [{"content": {"parts": [None, "text"]}, "finishReason": ""}]},
        {"candidates": [{"finishReason": 0}, {"finishReason": True}, {"finishReason": None}]},
        {"promptFeedback": {"safetyRatings": []}},
        {"promptFeedback": "SAFETY"},
        {"promptFeedback": {"blockReasonMessage": "why"}, "candidates": []},
        {"modelVersion": 7},
        {"response": "text"},
        {},
    ],
)
def test_chunks_that_say_nothing(body: dict[str, Any]) -> None:
    """Preludes and odd shapes tell nothing and raise nothing."""
    assert GEMINI.event(b"", body) == EventFacts()


def test_a_stream() -> None:
    """Thoughts first, then text; usage is cumulative; the finish reason ends it, for there is no terminator."""
    facts = read_events(
        GEMINI,
        {"usageMetadata": {"trafficType": "ON_DEMAND"}, "modelVersion": "gemini-2.5-flash"},
        {
            **chunk({"text": "Let me see", "thought": True}),
            "usageMetadata": {"promptTokenCount": 7, "thoughtsTokenCount": 20, "totalTokenCount": 27},
        },
        {
            **chunk({"text": "It is"}),
            "usageMetadata": {
                "promptTokenCount": 7,
                "candidatesTokenCount": 2,
                "thoughtsTokenCount": 20,
                "totalTokenCount": 29,
            },
        },
        {
            **chunk({"text": " noon."}, finishReason="STOP"),
            "usageMetadata": {
                "promptTokenCount": 7,
                "candidatesTokenCount": 4,
                "thoughtsTokenCount": 20,
                "totalTokenCount": 31,
            },
        },
        chunk({"text": "", "thoughtSignature": "c2ln"}),
    )

    assert (facts.first_content_at, facts.first_visible_at, facts.last_content_at) == (1.0, 2.0, 3.0)
    assert facts.usage == Usage(7, 4, None, 20, output_lacks_reasoning=True, is_whole=True)
    assert facts.usage.normalised().tokens_output == 24
    assert (facts.finishes, facts.model, facts.is_terminated) == ({0: "STOP"}, "gemini-2.5-flash", False)


def test_a_call_in_pieces() -> None:
    """A call that comes in pieces begins with its name; the empty call that ends it brings nothing."""
    facts = read_events(
        GEMINI,
        chunk({"functionCall": {"name": "read", "willContinue": True}}),
        chunk({"functionCall": {"partialArgs": [{"jsonPath": "$.id", "stringValue": "A"}]}}),
        chunk({"functionCall": {}}),
        chunk({"text": ""}, finishReason="STOP"),
    )

    assert (facts.first_content_at, facts.last_content_at, facts.finishes) == (0.0, 1.0, {0: "STOP"})


@pytest.mark.parametrize(
    ("reason", "told"), [("STOP", "STOP"), ("SAFETY", "SAFETY"), ("IMAGE_OTHER", "IMAGE_OTHER"), (1, "1")]
)
def test_finish_reasons(reason: object, told: str) -> None:
    """A finish reason is kept as the wire spells it; a refusal is none of an error."""
    facts = GEMINI.event(b"", {"candidates": [{"finishReason": reason}]})

    assert (facts.finishes, facts.error) == (((0, told),), None)
    assert GEMINI.answer({"candidates": [{"finish_reason": reason}]}, False).finish_reason == told


def test_finishes_of_several_candidates() -> None:
    """Each candidate's reason is told with its index; an answer's is that of the first."""
    body = {
        "candidates": [{"index": 1, "finishReason": "MAX_TOKENS"}, {"index": "0", "finishReason": "STOP"}]
    }

    assert GEMINI.event(b"", body).finishes == ((1, "MAX_TOKENS"), (0, "STOP"))
    assert GEMINI.answer(body, False).finish_reason == "MAX_TOKENS"


@pytest.mark.parametrize(
    ("feedback", "error"),
    [
        ({"promptFeedback": {"blockReason": "SAFETY"}}, BLOCKED),
        ({"promptFeedback": {"blockReason": "SAFETY"}, "candidates": []}, BLOCKED),
        ({"prompt_feedback": {"block_reason": "SAFETY"}}, BLOCKED),
        ({"promptFeedback": {"blockReason": 1}}, ErrorFacts(message="prompt blocked: 1", is_callers=True)),
    ],
)
def test_a_blocked_prompt(feedback: dict[str, Any], error: ErrorFacts) -> None:
    """A blocked prompt is a fault of the caller; the answer is complete with it."""
    body = {**feedback, "usageMetadata": {"promptTokenCount": 7}, "modelVersion": "gemini-2.5-flash"}
    usage = Usage(7, output_lacks_reasoning=True)

    assert GEMINI.event(b"", body) == EventFacts(
        error=error, usage=usage, model="gemini-2.5-flash", is_terminal=True
    )
    assert GEMINI.answer(body, False) == AnswerFacts("gemini-2.5-flash", None, usage, error)


def test_feedback_beside_candidates_blocks_nothing() -> None:
    """Where there are candidates, the prompt was answered."""
    body = {**chunk({"text": "a"}), "promptFeedback": {"blockReason": "OTHER"}}

    assert GEMINI.event(b"", body) == EventFacts(Content.VISIBLE)


def test_errors() -> None:
    """An error is told by its status, in an answer as in a stream of status 200."""
    body = {"error": {"code": 503, "message": "The model is overloaded.", "status": "UNAVAILABLE"}}
    error = ErrorFacts("UNAVAILABLE", "503", "The model is overloaded.")

    assert GEMINI.answer(body, True).error == error
    assert GEMINI.event(b"", body) == EventFacts(error=error)
    assert GEMINI.event(b"", {**chunk({"text": "a"}), **body}) == EventFacts(Content.VISIBLE, error=error)
    assert GEMINI.event(b"error", {"message": "gone"}).error == ErrorFacts(message="gone")


def test_an_answer() -> None:
    """An answer tells model, finish reason, usage."""
    body = {
        **chunk({"text": "Noon."}, finishReason="STOP"),
        "usageMetadata": USAGE,
        "modelVersion": "gemini-2.5-flash",
    }
    usage = Usage(7, 3, output_lacks_reasoning=True, is_whole=True)

    assert GEMINI.answer(body, False) == AnswerFacts("gemini-2.5-flash", "STOP", usage, None)


def test_an_answer_in_code_assists_wrapper() -> None:
    """Code Assist's wrapper changes nothing; an error stands outside it."""
    body = {**chunk({"text": "Noon."}, finishReason="STOP"), "usageMetadata": USAGE}

    assert GEMINI.answer({"response": body, "traceId": "t"}, False) == GEMINI.answer(body, False)
    assert GEMINI.event(b"", {"response": body}) == GEMINI.event(b"", body)
    assert GEMINI.text({"response": body}) == "Noon."
    assert GEMINI.answer({"error": {"code": 429}, "response": {}}, True).error == ErrorFacts(None, "429")


def test_names_spelled_in_the_sdks_way() -> None:
    """Proxies that pass on the SDK's objects write snake case; their chunks are found by the same marks."""
    data = b'{"usage_metadata":{"prompt_token_count":7},"finish_reason":"STOP"}'

    assert GEMINI.answer(
        {
            "candidates": [{"content": {"parts": [{"text": "a"}]}, "finish_reason": "STOP"}],
            "usage_metadata": {"prompt_token_count": 7},
            "model_version": "gemini-2.5-flash",
        },
        False,
    ) == AnswerFacts("gemini-2.5-flash", "STOP", Usage(7, output_lacks_reasoning=True))
    assert GEMINI.marks.usage.is_set_in(data)
    assert GEMINI.marks.finish.is_set_in(data)
    assert not GEMINI.marks.usage.is_set_in(b'{"usageMetadata":null,"finishReason": null}')
    assert not GEMINI.marks.finish.is_set_in(b'{"usageMetadata":null,"finishReason": null}')


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        ({"contents": []}, RequestFacts()),
        ({"contents": [], "generationConfig": {"candidateCount": 3}}, RequestFacts(choices=3)),
        ({"contents": [], "generation_config": {"candidate_count": 3}}, RequestFacts(choices=3)),
        ({"contents": [], "generationConfig": {"candidateCount": True}}, RequestFacts()),
        ({"contents": [], "generationConfig": {"candidateCount": 1000}}, RequestFacts()),
        ({"contents": [], "generationConfig": [3]}, RequestFacts()),
        ({"model": "models/gemini-2.5-flash", "contents": []}, RequestFacts("gemini-2.5-flash")),
        (
            {
                "model": "gemini-2.5-pro",
                "request": {"contents": [], "generationConfig": {"candidateCount": 2}},
            },
            RequestFacts("gemini-2.5-pro", choices=2),
        ),
        ({"model": "", "request": 7}, RequestFacts()),
        ({"model": 7}, RequestFacts(has_bad_model=True)),
    ],
)
def test_requests(body: dict[str, Any], facts: RequestFacts) -> None:
    """The path names model and streaming; a body may name the model besides, as a resource."""
    assert GEMINI.request(body) == facts


@pytest.mark.parametrize(
    ("path", "model", "is_stream"),
    [
        ("/v1beta/models/gemini-2.5-flash:generateContent", "gemini-2.5-flash", False),
        ("/proxy/v1beta/models/gemini-2.5-flash:streamGenerateContent", "gemini-2.5-flash", True),
        ("/v1/projects/p/locations/eu/publishers/google/models/g@001:streamGenerateContent", "g@001", True),
        ("/v1beta/tunedModels/mine-1:generateContent", "mine-1", False),
        ("/v1/projects/p/locations/eu/endpoints/123:streamGenerateContent", "123", True),
        ("/v1internal:streamGenerateContent", None, True),
        ("/v1internal:generateContent", None, False),
    ],
)
def test_paths(path: str, model: str | None, is_stream: bool) -> None:
    """The path tells the model and whether the answer streams."""
    endpoint = Endpoints([GEMINI]).find(path)

    assert endpoint is not None
    assert (endpoint.dialect, endpoint.path_model, endpoint.is_stream) == (GEMINI, model, is_stream)


@pytest.mark.parametrize(
    ("part", "text"),
    [
        ({"text": "It is noon."}, "It is noon."),
        ({"text": "hm", "thought": True}, "hm"),
        ({"functionCall": {"name": "f", "args": {"city": "Rome"}}}, '{"city":"Rome"}'),
        ({"functionCall": {"partialArgs": [{"stringValue": "Ro"}, {"string_value": "me"}, 7]}}, "Rome"),
        ({"function_call": {"args": 7, "partial_args": "odd"}}, ""),
        ({"executableCode": {"code": "print(1)"}}, "print(1)"),
        ({"inlineData": {"data": "aWNv"}}, ""),
        ({"text": None, "functionCall": 7, "executableCode": 7}, ""),
    ],
)
def test_text(part: dict[str, Any], text: str) -> None:
    """Text is what the model wrote: answer, thoughts, arguments, code; not media."""
    assert GEMINI.text(chunk(part)) == text
