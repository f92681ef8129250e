"""What OpenAI Responses mean: routes, requests, answers, the events that end a stream, errors."""

from typing import Any

import orjson
import pytest

from tokenpulse.dialects.facts import Content, ErrorFacts, EventFacts, RequestFacts, Usage
from tokenpulse.dialects.openai_responses import OpenAIResponses

RESPONSES = OpenAIResponses()
USAGE = {
    "input_tokens": 30,
    "input_tokens_details": {"cached_tokens": 10, "cache_write_tokens": 5},
    "output_tokens": 20,
    "output_tokens_details": {"reasoning_tokens": 15},
    "total_tokens": 50,
}
COUNTS = Usage(30, 20, 10, 15, tokens_cache_write=5, is_whole=True)


def event(kind: str, **members: Any) -> EventFacts:
    return RESPONSES.event(kind.encode(), {"type": kind, "sequence_number": 7, **members})


def response(status: str | None, **members: Any) -> dict[str, Any]:
    return {"id": "resp_1", "object": "response", "status": status, "model": "m-1", "error": None, **members}


def test_paths() -> None:
    """OpenAI's and its prefixed likes; Azure's deployments name the model."""
    assert [route.pattern for route in RESPONSES.routes] == [
        "/deployments/{model}/responses",
        "/responses",
    ]


@pytest.mark.parametrize(
    ("body", "facts"),
    [
        ({"model": "m", "input": "hi", "stream": True}, RequestFacts("m", True)),
        ({"model": "m", "n": 3}, RequestFacts("m")),
        ({"prompt": {"id": "pmpt_1"}}, RequestFacts()),
        ({"model": ["m"]}, RequestFacts(has_bad_model=True)),
    ],
)
def test_requests(body: dict[str, Any], facts: RequestFacts) -> None:
    """A response is one answer, whatever `n` says; a stored prompt can name the model instead."""
    assert RESPONSES.request(body) == facts


@pytest.mark.parametrize("kind", ["response.created", "response.queued", "response.in_progress"])
def test_the_first_events(kind: str) -> None:
    """They name the model; usage is null in them, nothing is finished."""
    facts = event(kind, response=response(kind.rpartition(".")[2], usage=None))

    assert facts == EventFacts(model="m-1")


@pytest.mark.parametrize("status", ["completed", "incomplete", "cancelled"])
def test_the_event_that_ends_a_stream(status: str) -> None:
    """It holds usage; the status is the finish reason; the answer is complete."""
    facts = event(f"response.{status}", response=response(status, usage=USAGE))

    assert facts == EventFacts(usage=COUNTS, finishes=((0, status),), model="m-1", is_terminal=True)


@pytest.mark.parametrize(
    ("kind", "status"),
    [("response.completed", None), ("response.completed", "in_progress"), ("response.done", "completed")],
)
def test_an_end_is_told_by_type_or_status(kind: str, status: str | None) -> None:
    """Servers that leave one of both out, or say it wrongly, still end their stream."""
    facts = event(kind, response=response(status))

    assert (facts.finishes, facts.is_terminal, facts.error) == (((0, "completed"),), True, None)


@pytest.mark.parametrize(
    ("error", "told"),
    [
        ({"code": "server_error", "message": "m"}, ErrorFacts("server_error", "server_error", "m")),
        ({"code": "c", "message": "m", "type": "t"}, ErrorFacts("t", "c", "m")),
        ("m", ErrorFacts(None, None, "m")),
        (None, ErrorFacts()),
    ],
)
def test_a_failed_response(error: object, told: ErrorFacts) -> None:
    """It ends with the status `failed` and its error, in a stream as in JSON; the error can be left out."""
    body = response("failed", error=error)

    assert event("response.failed", response=body) == EventFacts(
        finishes=((0, "failed"),), error=told, model="m-1", is_terminal=True
    )
    assert RESPONSES.answer(body, is_failure=False) == ("m-1", "failed", None, told)


def test_a_failure_that_only_the_type_tells() -> None:
    """`response.failed` is one without a status as well."""
    assert event("response.failed", response={"id": "resp_1"}).error == ErrorFacts()


@pytest.mark.parametrize(
    ("members", "told"),
    [
        ({"code": "c", "message": "m", "param": None}, ErrorFacts("c", "c", "m")),
        ({"code": None, "message": "m"}, ErrorFacts(None, None, "m")),
        ({"error": {"type": "t", "code": "c", "message": "m"}}, ErrorFacts("t", "c", "m")),
        ({"error": {"code": "c", "message": "m"}}, ErrorFacts("c", "c", "m")),
        ({"error": "m"}, ErrorFacts(None, None, "m")),
        ({}, ErrorFacts()),
    ],
)
def test_error_events(members: dict[str, Any], told: ErrorFacts) -> None:
    """The error stands flat in the event, or in an object of its own."""
    assert event("error", **members) == EventFacts(error=told)


def test_errors_without_a_type() -> None:
    """A server's error in the middle, with or without the framing's mark, is one in this dialect too."""
    body = {"error": {"message": "m", "code": 500}}

    assert RESPONSES.event(b"", body).error == ErrorFacts(None, "500", "m")
    assert RESPONSES.event(b"error", {"message": "m"}).error == ErrorFacts(None, None, "m")


def test_the_name_of_an_event_stands_for_its_type() -> None:
    """A server may leave the type out of the data."""
    facts = RESPONSES.event(b"response.output_text.delta", {"delta": "a"})

    assert facts == EventFacts(Content.VISIBLE)


def test_events_that_say_nothing() -> None:
    """Odd shapes tell nothing and raise nothing."""
    assert RESPONSES.event(b"", {}) == EventFacts()
    assert RESPONSES.event(b"\xff", {"type": 7, "response": "odd"}) == EventFacts()
    assert event("response.completed", response={}).usage is None


@pytest.mark.parametrize("status", ["completed", "incomplete", "queued", "in_progress"])
def test_an_answer(status: str) -> None:
    """The status is the finish reason; one that is worked on in the background has no usage yet."""
    usage = USAGE if status in ("completed", "incomplete") else None

    assert RESPONSES.answer(response(status, usage=usage), is_failure=False) == (
        "m-1",
        status,
        COUNTS if usage else None,
        None,
    )


def test_a_refused_request() -> None:
    """A failure's body is an error of OpenAI's common shape."""
    body = {"error": {"message": "m", "type": "invalid_request_error", "param": None, "code": "c"}}

    assert RESPONSES.answer(body, is_failure=True) == (
        None,
        None,
        None,
        ErrorFacts("invalid_request_error", "c", "m"),
    )
    assert RESPONSES.answer({}, is_failure=True).error == ErrorFacts()


@pytest.mark.parametrize(
    ("more", "nano_usd"),
    [({"cost": 0.00025}, 250_000), ({"cost_in_usd_ticks": 5_956_000}, 595_600)],
)
def test_reported_costs(more: dict[str, Any], nano_usd: int) -> None:
    """OpenRouter reports USD, xAI ticks of them; the details beside them are no further tokens."""
    usage = {**USAGE, **more, "context_details": {"input_tokens": 1, "output_tokens": 2}}
    told = event("response.completed", response=response("completed", usage=usage)).usage

    assert told == COUNTS._replace(cost_nano_usd=nano_usd)


def test_marks_pass_over_what_only_brings_content() -> None:
    """Deltas hold no key of usage, status, error; the first events hold usage and error as null."""
    marks = RESPONSES.marks
    delta = b'{"type":"response.output_text.delta","item_id":"msg_1","delta":"the \\"usage\\" of a \\"response\\""}'
    created = orjson.dumps({"type": "response.created", "response": response("queued", usage=None)})
    completed = orjson.dumps({"type": "response.completed", "response": response("completed", usage=USAGE)})
    failed = orjson.dumps({"type": "response.failed", "response": response("failed", error={"code": "c"})})

    def set_in(data: bytes) -> tuple[bool, ...]:
        return tuple(mark.is_set_in(data) for mark in (marks.usage, marks.finish, marks.error))

    assert set_in(delta) == (False, False, False)
    assert set_in(created) == (False, True, False)
    assert set_in(completed) == (True, True, False)
    assert set_in(failed) == (False, True, True)
    assert set_in(b'{"type":"error","code":"c"}') == (False, False, True)
    assert [data.count(marks.content) for data in (delta, created, completed)] == [1, 0, 0]


def long_response() -> dict[str, Any]:
    """Return a response of 5 MB, its members in the order OpenAI sends them."""
    text = 'It is called {"usage": {"input_tokens": 1}}, he wrote.\n' * 10
    part = {"type": "output_text", "annotations": [], "text": text}
    item = {"id": "msg_1", "type": "message", "status": "completed", "content": [part], "usage": {"x": 1}}
    return {
        **response("completed"),
        "output": [item] * 8000,
        "tools": [{"type": "function", "name": "usage", "parameters": {"usage": 1}}],
        "usage": USAGE,
        "metadata": {"usage": "mine"},
    }


@pytest.mark.parametrize(
    "body",
    [
        {"type": "response.completed", "sequence_number": 9, "response": long_response()},
        {"response": dict(sorted(long_response().items())), "type": "response.completed"},
    ],
    ids=["as OpenAI writes it", "sorted by key"],
)
def test_the_ends_of_a_long_event(body: dict[str, Any]) -> None:
    """Of 5 MB, the first 16 and the last 32 KiB tell the same as the whole."""
    text = orjson.dumps(body)
    abridged = RESPONSES.abridged(text[:16_384], text[-32_768:])

    assert len(text) > 5_000_000
    assert abridged is not None
    assert RESPONSES.event(b"", abridged) == RESPONSES.event(b"", body)
    assert RESPONSES.event(b"", abridged) == EventFacts(
        usage=COUNTS, finishes=((0, "completed"),), model="m-1", is_terminal=True
    )


def test_the_ends_of_a_long_answer() -> None:
    """A JSON answer is the response itself."""
    text = orjson.dumps(long_response(), option=orjson.OPT_INDENT_2)
    abridged = RESPONSES.abridged(text[:16_384], text[-65_536:])

    assert abridged is not None
    assert RESPONSES.answer(abridged, is_failure=False) == ("m-1", "completed", COUNTS, None)


def test_the_ends_of_long_content() -> None:
    """An image too long to keep is content all the same."""
    image = {"type": "image_generation_call", "status": "completed", "result": "A" * 200_000}
    for body in (
        {"type": "response.output_item.done", "output_index": 0, "item": image},
        {
            "type": "response.image_generation_call.partial_image",
            "partial_image_b64": "A" * 200_000,
            "size": "s",
        },
        {"type": "response.output_text.delta", "delta": "\N{SNOWMAN}" * 200_000, "logprobs": []},
    ):
        text = orjson.dumps(body)
        abridged = RESPONSES.abridged(text[:16_384], text[-32_768:])

        assert abridged is not None
        assert RESPONSES.event(b"", abridged) == EventFacts(Content.VISIBLE)
