"""Give whatever bytes there are to a dialect: as requests, as events, as answers."""

from collections.abc import Hashable
from itertools import chain

import orjson

from tests.fuzz.broken import require
from tests.fuzz.case import Case
from tests.fuzz.parser_targets import FRAMERS
from tests.fuzz.reading import asked_of, endpoint_of
from tests.fuzz.validity import check_answer, check_event, check_request, check_texts, check_usage
from tests.support.framing import events_of
from tokenpulse.framing.long_event import HEAD_BYTES, TAIL_BYTES
from tokenpulse.reading.answer_reader import Answer
from tokenpulse.reading.capture import WHOLE_BYTES
from tokenpulse.reading.request_reader import RequestBody, read_request, with_piece


def check_requests(case: Case) -> Hashable:
    """Read the request's body whole, then in pieces; read the response's as if it were a request's."""
    dialect = endpoint_of(case).dialect
    whole = asked_of(case)
    body: RequestBody = b""
    for start in range(0, len(case.asked), 97):
        body = with_piece(body, case.asked[start : start + 97])
    if len(case.asked) <= WHOLE_BYTES // 2:
        require(read_request(body, dialect, ()) == whole, f"{dialect.name}: cutting a request changes it")
    check_request(whole.facts)
    encoded = read_request(case.body, dialect, case.headers)
    check_request(encoded.facts)
    told = dialect.abridged(case.body[:HEAD_BYTES], case.body[-TAIL_BYTES:])
    check_event(dialect.event(b"", told or {}))
    return whole.dialect.name, type(whole.facts.model), whole.fault, encoded.fault, bool(told)


def check_dialect(case: Case) -> Hashable:
    """Give the events of every framing to the dialect: as events, as answers."""
    dialect = asked_of(case).dialect
    events = list(chain.from_iterable(events_of(framer(), [case.body])[:50] for framer in FRAMERS))
    for event in events:
        try:
            body = dialect.abridged(event.data, event.tail) if event.tail else orjson.loads(event.data)
        except orjson.JSONDecodeError:
            continue
        if isinstance(body, dict):
            check_event(dialect.event(event.name, body))
            model, finish, usage, error = dialect.answer(body, case.status >= 400)
            check_answer(Answer(False, model, finish, usage, error), [])
            check_texts(dialect, body, dialect.text(body))
            check_request(dialect.for_request(body).request(body))
    headers = list(case.headers)
    check_usage(dialect.header_usage(headers))
    require(isinstance(dialect.header_error(headers), str | None), "a header's error is no text")
    return dialect.name, len(events).bit_length()
