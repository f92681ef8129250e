"""Read a case's response in two ways: whole, then in pieces."""

from collections.abc import Hashable
from typing import Any, Final

from tests.fuzz.broken import BrokenPromiseError
from tests.fuzz.case import Case
from tests.fuzz.reading import answer_of, asked_of, time_of
from tests.fuzz.validity import check_answer
from tokenpulse.dialects.facts import Usage
from tokenpulse.reading.answer_reader import Answer
from tokenpulse.reading.capture import PIECE_BYTES, WHOLE_BYTES
from tokenpulse.reading.stream_framing import Framing, framing_of_type

PASSED_OVER: Final = frozenset(("error", "faults", "is_cut", "model"))
"""Facts of what comes where it is not due: an error, a terminator, a broken event before further content."""


def told_by(answer: Answer) -> dict[str, Any]:
    """Return what must not depend on cuts; where usage is told, no estimate does."""
    told = answer._asdict()
    is_estimated = answer.usage is None or answer.usage.tokens_output is None
    told["estimated_output"] = answer.estimated_output if is_estimated else None
    for key in ("first_content_at", "first_visible_at", "last_content_at"):
        told[key] = told[key] is not None
    del told["pace"]
    return told


def _is_read_in_segments(case: Case, pieces: list[bytes]) -> bool:
    """Tell whether the response may be a server-sent stream that is read in more than one segment."""
    told = (framing_of_type(value) for name, value in case.headers if name.lower() == b"content-type")
    framing = next(told, None)
    is_folded = bool(case.folds) or len(case.body) + PIECE_BYTES * len(pieces) > WHOLE_BYTES
    return is_folded and framing in (None, Framing.SSE)


def _is_encoded(case: Case) -> bool:
    return any(name == b"content-encoding" for name, _ in case.headers)


def _usage_sign(usage: Usage | None) -> Hashable:
    return None if usage is None else tuple(map(type, usage))


def _answer_sign(case: Case, answer: Answer) -> Hashable:
    error = answer.error
    return (
        asked_of(case).dialect.name,
        case.headers[:1],
        answer.is_stream,
        answer.model is None,
        answer.finish_reason is None,
        _usage_sign(answer.usage),
        None if error is None else tuple(map(type, error)),
        answer.first_content_at is None,
        answer.first_visible_at is None,
        answer.is_cut,
        frozenset(answer.faults),
        len(answer.faults) > 1,
        len(case.body).bit_length() // 4,
    )


def check_answers(case: Case) -> Hashable:
    """Read the response whole, then in pieces with folds: the same facts, at times that make sense.

    A server-sent stream is read backward as far as needed, so what stands unread in a long one can be seen
    where a fold ends: those facts may differ, see `PASSED_OVER`. Bedrock's InvokeModel sends no such stream.
    """
    whole = answer_of(case, [case.body] if case.body else [])
    pieces = case.pieces()
    check_answer(whole, [time_of(0)])
    cut = answer_of(case, pieces, case.folds)
    check_answer(cut, [time_of(place) for place in range(len(pieces))])
    # Of a JSON body beyond this, how much is kept depends on its pieces; of a broken encoding, what came out.
    if len(case.body) <= WHOLE_BYTES // 2 and not _is_encoded(case):
        left, right = told_by(whole), told_by(cut)
        free = frozenset[str]()
        if _is_read_in_segments(case, pieces):
            free = frozenset(left) if asked_of(case).dialect.name == "bedrock-invoke" else PASSED_OVER
        differing = [name for name in left if left[name] != right[name] and name not in free]
        if differing:
            kind = f"{asked_of(case).dialect.name}: chunking changes {differing[0]}"
            raise BrokenPromiseError(kind, str([(key, left[key], right[key]) for key in differing]))
    return _answer_sign(case, cut)
