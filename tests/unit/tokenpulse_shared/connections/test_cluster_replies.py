"""Tests of what nodes' refusals say."""

import pytest
from redis.exceptions import ClusterDownError, InvalidResponse, MovedError, ReadOnlyError, ResponseError

from tokenpulse_shared.connections.cluster_replies import (
    Redirect,
    parse_redirect,
    parsed_replies,
    refusal_code,
)

ASKED = ("asked", 1)


def _of_old_driver(text: str) -> ResponseError:
    return ResponseError(text)


def _of_new_driver(text: str) -> ResponseError:
    code, _, rest = text.partition(" ")
    return ResponseError(rest, status_code=code)


@pytest.mark.parametrize("made", [_of_old_driver, _of_new_driver])
@pytest.mark.parametrize(
    ("text", "redirect"),
    [
        ("MOVED 3999 127.0.0.1:6381", Redirect(True, 3999, ("127.0.0.1", 6381))),
        ("ASK 3999 127.0.0.1:6381", Redirect(False, 3999, ("127.0.0.1", 6381))),
        ("MOVED 5 ::1:6381", Redirect(True, 5, ("::1", 6381))),
        ("MOVED 5 :6381", Redirect(True, 5, ("asked", 6381))),
        ("MOVED 5", None),
        ("MOVED x 127.0.0.1:6381", None),
        ("MOVED 5 127.0.0.1:x", None),
        ("MOVED a b c 5 h:1", None),
        ("CLUSTERDOWN 5 h:1", None),
    ],
)  # fmt: skip
def test_redirects_say_where_a_key_is(made: type, text: str, redirect: Redirect | None) -> None:
    """Drivers before 6 leave the code in the text, later ones keep it apart."""
    error = made(text)

    assert refusal_code(error) == text.partition(" ")[0]
    assert parse_redirect(error, ASKED) == redirect


def test_a_class_that_drops_its_code_keeps_it() -> None:
    """Older drivers strip READONLY from the text."""
    assert refusal_code(ReadOnlyError("You can't write against a read only replica.")) == "READONLY"
    assert refusal_code(ClusterDownError("CLUSTERDOWN")) == "CLUSTERDOWN"


def test_moved_is_understood_in_the_driver_s_own_class() -> None:
    """The newest driver makes an object of it."""
    assert parse_redirect(MovedError("3999 127.0.0.1:6381", status_code="MOVED"), ASKED) == Redirect(
        True, 3999, ("127.0.0.1", 6381)
    )


def test_replies_become_what_callers_expect() -> None:
    """Callbacks get their options, without those that are for the driver alone; exceptions stay."""
    failure = ResponseError("no")
    stack = [(("A", 1), {"keys": [1], "twice": 3}), (("B",), {}), (("A",), {}), (("A",), {})]

    def double(reply: int, twice: int = 2) -> int:
        return reply * twice

    assert parsed_replies(stack, [5, 5, failure, 5], {"A": double}) == [15, 5, failure, 10]


@pytest.mark.parametrize("reply", [[b"OK", 1], b"x", None, {}])
def test_a_reply_of_another_shape_is_told_apart(reply: object) -> None:
    """What came in between is no fault of ours, nor the number it was taken for."""
    [odd] = parsed_replies([(("ZADD",), {})], [reply], {"ZADD": int})

    assert isinstance(odd, InvalidResponse)
