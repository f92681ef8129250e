"""The checks fail when what they check is broken."""

import asyncio
from collections.abc import Iterator

import pytest

from tests.fuzz import answer_target
from tests.fuzz.answer_target import PASSED_OVER, check_answers
from tests.fuzz.broken import BrokenPromiseError
from tests.fuzz.case import Case
from tests.fuzz.exchange_target import check_exchange, run_exchange, sink_of
from tests.fuzz.validity import check_answer, check_event, check_observation, check_request
from tests.support.asgi import Message, Server
from tests.support.talk import framed
from tests.support.talk_openai import CHAT
from tokenpulse.dialects.facts import AnswerFacts, ErrorFacts, EventFacts, RequestFacts, Usage
from tokenpulse.reading.answer_reader import Answer
from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.records import Observation

SSE = (b"content-type", b"text/event-stream")
STREAM = Case("answer", CHAT.path, b"{}", framed("sse", CHAT.events), headers=(SSE,), cuts=(7,), folds=(0,))


def read_as(monkeypatch: pytest.MonkeyPatch, *answers: Answer) -> None:
    """Have the next readings of a response give these answers."""
    given: Iterator[Answer] = iter(answers)
    monkeypatch.setattr(answer_target, "answer_of", lambda *_: next(given))


def test_facts_that_depend_on_cuts_are_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first one that differs is named, with its dialect."""
    read_as(monkeypatch, Answer(usage=Usage(3), model="a"), Answer(usage=Usage(4), model="b"))

    with pytest.raises(BrokenPromiseError, match="openai-chat: chunking changes usage"):
        check_answers(STREAM)


def test_what_a_long_stream_passes_over_is_free(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where a server-sent stream is read in several parts, and nowhere else."""
    whole, cut = Answer(is_cut=True), Answer(error=ErrorFacts("x"), faults=("response_malformed",), model="a")
    read_as(monkeypatch, whole, cut, whole, cut)

    assert {"is_cut", "error", "faults", "model"} == PASSED_OVER
    assert check_answers(STREAM) is not None
    with pytest.raises(BrokenPromiseError, match="chunking changes model"):
        check_answers(Case("answer", CHAT.path, b"{}", STREAM.body, headers=(SSE,), cuts=(7,)))


@pytest.mark.parametrize(
    "answer",
    [
        Answer(model=7),  # type: ignore[arg-type]
        Answer(faults=("unheard",)),
        Answer(estimated_output=0),
        Answer(usage=Usage(tokens_input=-1)),
        Answer(usage=Usage(tokens_output=MAX_COUNT + 1)),
        Answer(usage=Usage(tokens_cached=True)),
        Answer(usage=Usage(has_rejected=1)),  # type: ignore[arg-type]
        Answer(error=ErrorFacts(message=b"x")),  # type: ignore[arg-type]
        Answer(first_content_at=2.0, last_content_at=1.0),
        Answer(first_content_at=2.0),
        Answer(first_content_at=2.0, last_content_at=9.0),
    ],
    ids=str,
)
def test_invalid_answers_are_found(answer: Answer) -> None:
    """Wrong types, counts out of bounds, times nobody sent at."""
    with pytest.raises(BrokenPromiseError):
        check_answer(answer, [1.0, 2.0, 3.0])


def test_other_invalid_facts_are_found() -> None:
    """Of an event, a request, an observation."""
    for wrong in (EventFacts(finishes=((-1, "stop"),)), EventFacts(content=1), EventFacts(model=1)):  # type: ignore[arg-type]
        with pytest.raises(BrokenPromiseError):
            check_event(wrong)
    for asked in (RequestFacts(model=b"m"), RequestFacts(choices=0), RequestFacts(is_streaming="yes")):  # type: ignore[arg-type]
        with pytest.raises(BrokenPromiseError):
            check_request(asked)
    for made in (
        Observation("p", "m", latency_seconds=-1.0),
        Observation("p", "m", tokens_input=2**60),
        Observation("p", "m" * 501),
        Observation("p", "m", outcome="fine"),  # type: ignore[arg-type]
    ):
        with pytest.raises(BrokenPromiseError):
            check_observation(made)
    with pytest.raises(UnicodeEncodeError):
        check_observation(Observation("p", "\ud800"))


def test_an_exception_inside_the_middleware_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The app would not notice; fuzzing does."""

    def fail(*_: object) -> AnswerFacts:
        raise ZeroDivisionError

    monkeypatch.setattr("tokenpulse.requests.observer.conclude", fail)

    with pytest.raises(ZeroDivisionError):
        check_exchange(STREAM)


async def test_a_middleware_that_waits_is_found() -> None:
    """Nothing of ours may wait: here the server does, which no server of the fuzzing does."""

    class Waiting(Server):
        async def receive(self) -> Message:
            await asyncio.Event().wait()
            return {}

    with pytest.raises(BrokenPromiseError, match="the middleware waits"):
        run_exchange(STREAM, [], sink_of(STREAM), Waiting())
