"""A try ends, in time or by force, and says why it failed."""

from itertools import count

import pytest

from tests.fuzz.attempt import ALLOWED_SECONDS, ALLOWED_SECONDS_PER_BYTE, allowed_seconds, attempt
from tests.fuzz.broken import BrokenPromiseError, TooSlowError, kind_of
from tests.fuzz.case import Case
from tests.fuzz.growth import GROWTH, LARGE_BYTES
from tests.fuzz.targets import TARGETS
from tokenpulse.reading.content_decoding import MAX_DECODED_BYTES

CASE = Case("answer", "/v1/messages", b"{}", b"1234567890")


def test_a_try_within_its_time_gives_its_sign() -> None:
    """What the target returns is returned."""
    assert attempt(lambda case: case.body, CASE, seconds=lambda: 7.0) == b"1234567890"


def test_a_slow_try_is_a_failure() -> None:
    """More processor time than a case of its length may take is a broken promise."""
    ticks = count(0.0, 2.1)

    with pytest.raises(BrokenPromiseError, match=r"too slow: 2\.10 s"):
        attempt(lambda case: None, CASE, seconds=lambda: next(ticks))


def test_a_try_that_hangs_is_ended() -> None:
    """An endless loop is broken off."""

    def hang(case: Case) -> None:
        for _ in count():
            pass

    with pytest.raises(TooSlowError, match=r"no end after 0\.05 s"):
        attempt(hang, CASE, hang_seconds=0.05)


@pytest.mark.parametrize(
    ("case", "length"),
    [
        (CASE, 12),
        (Case("decoder", "/", b"", b"12"), MAX_DECODED_BYTES),
        (Case("answer", "/", b"", b"12", headers=((b"content-encoding", b"br"),)), MAX_DECODED_BYTES),
        (Case(GROWTH, "/", b"", b"12"), 10 * LARGE_BYTES),
    ],
    ids=["plain", "decoder", "encoded", "growth"],
)
def test_time_allowed_goes_by_what_is_read(case: Case, length: int) -> None:
    """An encoded body counts as what it may become."""
    assert allowed_seconds(case) == ALLOWED_SECONDS + ALLOWED_SECONDS_PER_BYTE * length


def test_errors_of_one_cause_have_one_kind() -> None:
    """A kind names the innermost place in the package; a broken promise names itself."""
    broken = Case("request", "/v1/messages", b"{}", b"{", headers=(None,))  # type: ignore[arg-type]
    with pytest.raises(TypeError) as caught:
        attempt(TARGETS["request"], broken)

    assert kind_of(caught.value) == "TypeError in request_reader.py:_content_encoding"
    assert kind_of(BrokenPromiseError("what", "7")) == "what"
    assert kind_of(ValueError("never raised")) == "ValueError in ?"
