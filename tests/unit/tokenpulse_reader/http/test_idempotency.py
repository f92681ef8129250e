"""Tests of reading the key that a post came with."""

import pytest
from starlette.datastructures import Headers

from tokenpulse_reader.http.idempotency import MAX_KEY_CHARACTERS, idempotency_key
from tokenpulse_reader.http.problems import ProblemError


def _key(*values: str) -> str | None:
    return idempotency_key(Headers(raw=[(b"idempotency-key", value.encode()) for value in values]))


@pytest.mark.parametrize(
    ("value", "key"),
    [
        ("7f9c-24e8", "7f9c-24e8"),
        ('"7f9c-24e8"', "7f9c-24e8"),
        (" a ", "a"),
        ('"', '"'),
        ("k" * 255, "k" * 255),
    ],
    ids=["plain", "quoted", "spaces", "quote", "longest"],
)
def test_a_key_is_visible_text(value: str, key: str) -> None:
    """In double quotes, as the draft has it, or without."""
    assert _key(value) == key
    assert _key() is None


@pytest.mark.parametrize(
    "values",
    [("",), ('""',), ("a b",), ("k" * 256,), ("é",), ("a\tb",), ("a", "a")],
    ids=["empty", "quotes", "space", "too-long", "accent", "tab", "twice"],
)
def test_what_is_no_key_is_named(values: tuple[str, ...]) -> None:
    with pytest.raises(ProblemError) as caught:
        _key(*values)
    problem = caught.value

    assert (problem.status, problem.parameter) == (400, "Idempotency-Key")
    assert problem.allowed == {"most": MAX_KEY_CHARACTERS}
