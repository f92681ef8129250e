"""OpenAI Responses, in the shape that compatible servers share."""

from typing import Final

from tokenpulse.dialects.base import JsonDialect, Mark, Marks, Route
from tokenpulse.dialects.error_body import read_error
from tokenpulse.dialects.facts import (
    NO_FACTS,
    AnswerFacts,
    ErrorFacts,
    EventFacts,
    JsonObject,
    RequestFacts,
    new_record,
)
from tokenpulse.dialects.openai_chat import model_of, read_request
from tokenpulse.dialects.openai_responses_content import event_content, generated_text
from tokenpulse.dialects.openai_usage import read_usage
from tokenpulse.framing.json_ends import joined_ends

_ENDS: Final = frozenset(("completed", "incomplete", "failed", "cancelled"))
"""The statuses after which nothing more is generated; the others are `queued` and `in_progress`."""


def _status_of(response: JsonObject) -> str | None:
    status = response.get("status")
    return status if isinstance(status, str) and status else None


def _failure_of(response: JsonObject, status: str | None) -> ErrorFacts | None:
    """Return why a response failed, None if it did not; what failed may leave out why."""
    error = read_error(response, is_failure=False)
    return ErrorFacts() if error is None and status == "failed" else error


def read_answer(body: JsonObject, is_failure: bool) -> AnswerFacts:
    """Return what a JSON answer says; its finish reason is its status, `queued` for one in the background."""
    status = None if is_failure else _status_of(body)
    error = read_error(body, is_failure=True) if is_failure else _failure_of(body, status)
    return new_record(AnswerFacts, (model_of(body), status, read_usage(body.get("usage")), error))


def _response_facts(kind: str, response: JsonObject) -> EventFacts:
    """Return what an event says that holds the response as it is by then."""
    status = _status_of(response)
    if status not in _ENDS:
        status = kind.removeprefix("response.")
    is_terminal = status in _ENDS
    return EventFacts(
        usage=read_usage(response.get("usage")),
        finishes=((0, status),) if is_terminal else (),
        error=_failure_of(response, status),
        model=model_of(response),
        is_terminal=is_terminal,
    )


class OpenAIResponses(JsonDialect):
    """Read OpenAI Responses.

    Usage, status, error stand in the event that ends the stream, nowhere else; `.delta` events hold none of
    the marks and are passed over unparsed.
    """

    name = "openai-responses"
    operation = "chat"
    routes = (
        Route("/deployments/{model}/responses", label="/v1/responses"),
        Route("/responses", label="/v1/responses"),
    )
    marks = Marks(Mark.of("usage"), Mark.of("response"), Mark.of("error"), b'.delta"')
    answer = staticmethod(read_answer)

    def request(self, body: JsonObject) -> RequestFacts:
        """Return what the caller asked for; there is no `n`: a response is one answer."""
        asked = read_request(body)
        return asked if asked.choices == 1 else asked._replace(choices=1)

    def abridged(self, head: bytes, tail: bytes) -> JsonObject | None:
        """Return what the ends of a too long event or answer tell: a status, usage stand at one of them."""
        return joined_ends(head, tail)

    def text(self, body: JsonObject) -> str:
        """Return the text of a delta, of an item that comes whole, of an answer's output."""
        return generated_text(body)

    def event(self, name: bytes, body: JsonObject) -> EventFacts:
        """Return what an event says."""
        kind = body.get("type")
        if not isinstance(kind, str):
            kind = name.decode("latin-1")
        response = body.get("response")
        if isinstance(response, dict):
            return _response_facts(kind, response)
        if kind == "error" or name == b"error" or body.get("error"):
            return EventFacts(error=read_error(body, is_failure=True) or ErrorFacts())
        content = event_content(kind, body)
        return new_record(EventFacts, (content, *NO_FACTS[1:])) if content else NO_FACTS
