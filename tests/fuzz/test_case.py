"""A case is written and read as it is; its pieces are its body."""

from hypothesis import given
from hypothesis import strategies as st
from orjson import dumps

from tests.fuzz.case import Case, read_case, to_json

PLACES = st.lists(st.integers(0, 60), max_size=6).map(lambda places: tuple(sorted(set(places))))
CASES = st.builds(
    Case,
    target=st.sampled_from(["answer", "growth"]),
    path=st.just("/v1/messages"),
    asked=st.binary(max_size=20),
    body=st.binary(max_size=50),
    status=st.integers(100, 999),
    headers=st.lists(st.tuples(st.binary(max_size=5), st.binary(max_size=5)), max_size=3).map(tuple),
    cuts=PLACES,
    folds=PLACES,
    estimate=st.sampled_from(["off", "events"]),
    injects_usage=st.booleans(),
)


@given(case=CASES)
def test_a_case_comes_back_from_its_file(case: Case) -> None:
    """Bytes, headers and places survive JSON."""
    assert read_case(dumps({"kind": "x", "case": to_json(case)})) == case


@given(case=CASES)
def test_pieces_make_the_body(case: Case) -> None:
    """Whatever the cuts, also those beyond the end: no piece is empty, together they are the body."""
    pieces = case.pieces()

    assert b"".join(pieces) == case.body
    assert all(pieces)
