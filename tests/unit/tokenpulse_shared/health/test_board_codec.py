"""The board of health scores as JSON: read as it was written, refused when it is something else."""

from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.boards import board
from tokenpulse_shared.health.board_codec import decode_board, encode_board

COUNTS = st.tuples(st.integers(0, 10**6), st.integers(0, 10**6))


@given(st.dictionaries(st.text("abc/:{} é", max_size=5), COUNTS, max_size=5), st.floats(0, 4e9))
def test_a_board_is_read_as_it_was_written(calls: dict[str, tuple[int, int]], now: float) -> None:
    written = board(now, 3, **calls)

    assert decode_board(encode_board(written)) == written


def changed(**path: Any) -> bytes:
    """Return a good board with fields replaced; `provider__x` is field x of its provider, `window__x` of the window."""
    held = orjson.loads(encode_board(board(1_000.0, 1, groq=(5, 5))))
    for name, value in path.items():
        where, _, field = name.rpartition("__")
        target = {
            "": held,
            "provider": held["providers"]["groq"],
            "window": held["providers"]["groq"]["window"],
        }[where]
        target[field] = value
    return orjson.dumps(held)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        changed(format=2),
        changed(computed_at="soon"),
        changed(computed_at=1e12),
        changed(providers=[]),
        changed(provider__status="fine"),
        changed(provider__health_score=None),
        changed(provider__window=7),
        changed(window__reason="because"),
        changed(window__begin=-1e12),
        changed(window__successes=None),
    ],
)
def test_what_is_no_board_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError):
        decode_board(data)
