"""A request that stands for its series is kept in few bytes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenpulse_shared.exemplar import MAX_BYTES, Exemplar, is_trace_id

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_it_reads_back() -> None:
    """Times to the microsecond, the moment to the second."""
    stream, whole = Exemplar(TRACE, 1_763_712_345.6, 1.25, 0.000_2), Exemplar(TRACE, 5.0, 31.0)

    assert stream.encoded() == f"{TRACE} 1763712346 1250000 200"
    assert Exemplar.decoded(f"{TRACE} 1763712346 1250000 200".encode()) == (
        TRACE,
        1_763_712_346,
        1.25,
        0.000_2,
    )
    assert Exemplar.decoded((whole.encoded() or "").encode()) == whole


@given(st.floats(0.0, 1e9), st.floats(0.0, 1e9), st.none() | st.floats(0.0, 1e9))
def test_it_is_never_longer_than_its_bound(at: float, latency: float, ttft: float | None) -> None:
    """Past it Redis would no longer keep the series compactly; then there is none."""
    encoded = Exemplar(TRACE, at, latency, ttft).encoded()

    assert encoded is None or len(encoded) <= MAX_BYTES
    assert encoded is not None or latency > 1_000 or (ttft or 0.0) > 1_000


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"x 1 2",
        f"{TRACE} 1".encode(),
        f"{TRACE} 1 2 3 4".encode(),
        f"{TRACE} 1 x".encode(),
        f"{'0' * 32} 1 2".encode(),
        f'{TRACE[:-1]}" 1 2'.encode(),
        b"\xff",
        f"{TRACE} 1 {'9' * 400}".encode(),
    ],
)
def test_what_is_something_else_is_refused(text: bytes) -> None:
    """A field of others never reaches an exposition."""
    with pytest.raises(ValueError):
        Exemplar.decoded(text)


def test_a_trace_id_is_32_hexadecimal_digits() -> None:
    """Lower case, not all zero."""
    assert is_trace_id(TRACE)
    assert not any(map(is_trace_id, (TRACE[1:], TRACE.upper(), "0" * 32, TRACE[:-1] + "g", "")))
