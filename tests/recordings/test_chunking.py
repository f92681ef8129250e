"""Any chunking of any recorded stream gives the same observation."""

import asyncio
from itertools import pairwise

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.recordings.cases import body_of
from tests.recordings.test_replay import STREAMS, observe
from tests.support.framing import pieces_of
from tests.support.observations import without_times

CHUNKINGS = st.one_of(
    st.lists(st.integers(0, 2**20), max_size=40),
    st.sampled_from([1, 2, 3, 5, 61, 1_000]),
)
"""Places to cut at, or the size of a piece."""


def cut(raw: bytes, chunking: list[int] | int) -> list[bytes]:
    """Return the bytes in pieces, none of them empty."""
    if isinstance(chunking, int):
        return pieces_of(raw, chunking)
    edges = sorted({0, len(raw), *(place % (len(raw) + 1) for place in chunking)})
    return [raw[left:right] for left, right in pairwise(edges)]


@pytest.mark.skipif(not STREAMS, reason="no recordings: nothing is cut")
@settings(max_examples=300, suppress_health_check=[HealthCheck.too_slow])
@given(
    place=st.integers(0, max(0, len(STREAMS) - 1)), chunking=CHUNKINGS, kept=st.floats(0, 1) | st.just(1.0)
)
def test_any_chunking_tells_the_same(place: int, chunking: list[int] | int, kept: float) -> None:
    """A recorded stream, whole or broken off, in any pieces: the same observation but for times."""
    case = STREAMS[place]
    raw = body_of(case)
    raw = raw[: round(len(raw) * kept)]
    whole, _, _ = asyncio.run(observe(case, [raw] if raw else []))
    pieces, _, _ = asyncio.run(observe(case, cut(raw, chunking)))

    assert without_times(pieces) == without_times(whole)
