"""Tests of the kinds of failure."""

import pytest

from tokenpulse_shared.connections.failure_kinds import TEXTS, Failure, FailureKind


def test_texts_tell_the_kinds_apart() -> None:
    """No two kinds are said in the same words, so that an operator knows which it is."""
    assert len(set(TEXTS.values())) == len(TEXTS)


def test_a_detail_follows_the_text() -> None:
    """After a colon; without one there is no colon."""
    assert Failure("not_permitted", "hset").text == "not permitted: hset"
    assert Failure("timed_out").text == "timed out"


@pytest.mark.parametrize(
    ("kind", "is_refusal"),
    [
        ("authentication_failed", True),
        ("authentication_required", True),
        ("no_password_set", True),
        ("not_permitted", True),
        ("protected_mode", True),
        ("timed_out", False),
        ("tls_expired", False),
        ("out_of_memory", False),
        ("read_only", False),
    ],
)
def test_what_only_an_operator_can_change_is_a_refusal(kind: FailureKind, is_refusal: bool) -> None:
    """A refused login is not tried again at once; what passes by itself is."""
    assert Failure(kind).is_refusal is is_refusal
