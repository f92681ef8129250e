"""Read a case's response as the observer does."""

from collections.abc import Iterable
from typing import Any, Final

from tests.fuzz.case import Case
from tokenpulse.reading.answer_reader import Answer, AnswerReader
from tokenpulse.reading.capture import PIECE_BYTES, WHOLE_BYTES
from tokenpulse.reading.estimation import EstimateMode, Estimator
from tokenpulse.reading.request_reader import Asked, read_request
from tokenpulse.reading.stream_framing import framing_of_type
from tokenpulse.requests.endpoints import Endpoint, Endpoints

ENDPOINTS: Final = Endpoints()
LEAST_FOLDED_BYTES: Final = WHOLE_BYTES // (1 + PIECE_BYTES)
"""What the observer holds at least before it folds: that much was sent byte by byte."""


def endpoint_of(case: Case) -> Endpoint:
    """Return the endpoint of a case's path, which is one of inference."""
    endpoint = ENDPOINTS.find(case.path)
    assert endpoint is not None, case.path
    return endpoint


def asked_of(case: Case) -> Asked:
    """Return what a case's request asks for."""
    return read_request(case.asked, endpoint_of(case).dialect, ())


def start_of(case: Case) -> dict[str, Any]:
    """Return the start message of a case's response."""
    return {"type": "http.response.start", "status": case.status, "headers": list(case.headers)}


def time_of(place: int) -> float:
    """Return when a piece was sent; two at a time, so that some gaps are nothing."""
    return 100.0 + place // 2


def answer_of(case: Case, pieces: Iterable[bytes], folds: Iterable[int] = ()) -> Answer:
    """Return what the response says, its pieces taken when the observer would, and after those of `folds`.

    Of a body whose type does not tell its framing, the first bytes are not taken before the observer would.
    """
    asked, endpoint, also = asked_of(case), endpoint_of(case), frozenset(folds)
    mode: EstimateMode = case.estimate  # type: ignore[assignment]  # one of the three, see `case_maker`
    tally_for = None if mode == "off" else Estimator(mode, None, _unexpected).tally
    reader = AnswerReader(endpoint.is_stream, tally_for)
    reader.start(start_of(case))
    held: list[bytes] = []
    times: list[float] = []
    room_bytes = WHOLE_BYTES
    unseen_bytes = 0 if _is_framing_told(case) else LEAST_FOLDED_BYTES
    for place, piece in enumerate(pieces):
        held.append(piece)
        times.append(time_of(place))
        room_bytes -= len(piece) + PIECE_BYTES
        unseen_bytes -= len(piece)
        if room_bytes < 0 or (place in also and unseen_bytes <= 0):
            reader.fold(held, times, asked)
            held.clear()
            times.clear()
            room_bytes = WHOLE_BYTES
    return reader.finish(held, times, asked)


def _is_framing_told(case: Case) -> bool:
    types = (value for name, value in case.headers if name.lower() == b"content-type")
    return any(framing_of_type(value) is not None for value in types)


def _unexpected(place: str, error: BaseException) -> None:
    raise error
