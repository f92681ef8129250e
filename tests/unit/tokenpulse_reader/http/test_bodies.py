"""JSON bodies: every field is checked, and named when it cannot be used."""

from typing import Any

import pytest
from starlette.requests import Request

from tests.support.asgi import Server
from tokenpulse_reader.http.bodies import Fields, read_json, whole_number
from tokenpulse_reader.http.problems import ProblemError
from tokenpulse_shared.counters import MAX_COUNT


async def _read(*messages: dict[str, Any]) -> Any:
    scope = {"type": "http", "method": "POST", "path": "/", "headers": [], "query_string": b""}
    return await read_json(Request(scope, Server(messages).receive))


def _part(body: bytes, *, more: bool = False) -> dict[str, Any]:
    return {"type": "http.request", "body": body, "more_body": more}


async def test_a_body_may_come_in_parts() -> None:
    assert await _read(_part(b'{"a"', more=True), _part(b": [1, null]}")) == {"a": [1, None]}


@pytest.mark.parametrize(
    "messages",
    [
        [_part(b"")],
        [_part(b"{")],
        [_part(b"NaN")],
        [_part(b'"\xff"')],
        [_part(b'"\\ud800"')],
        [_part(b"[" * 30_000)],
        [_part(b'{"a": 1', more=True), {"type": "http.disconnect"}],
    ],
)
async def test_what_is_no_json_is_refused(messages: list[dict[str, Any]]) -> None:
    """Cut off, nested without end, no UTF-8: 400."""
    with pytest.raises(ProblemError, match="the body must be JSON") as caught:
        await _read(*messages)
    assert (caught.value.status, caught.value.code) == (400, "invalid_body")


def test_fields_are_read() -> None:
    """What was not given, or is null, is None or the default."""
    fields = Fields({"text": "x", "number": 3, "flag": False, "word": "a", "none": None, "other": [1]})

    assert (fields.text("text", 5), fields.text("none", 5), fields.text("absent", 5)) == ("x", None, None)
    assert (fields.number("number", 3), fields.number("none", 3)) == (3.0, None)
    assert (fields.flag("flag", True), fields.flag("none", True)) == (False, True)
    assert (fields.choice("word", ("a", "b")), fields.choice("none", ("a",))) == ("a", None)
    assert (fields.required_text("text", 1), fields.required_choice("word", ("a",))) == ("x", "a")


@pytest.mark.parametrize("value", [1, True, "", " \t", "123456", ["a"], {}])
def test_text_is_text(value: Any) -> None:
    """Not empty, not too long; the message names the field where it stands."""
    with pytest.raises(ProblemError, match=r"`\[2\].name` must be text of 1 to 5 characters") as caught:
        Fields({"name": value}, "[2].").text("name", 5)
    assert (caught.value.status, caught.value.parameter, caught.value.allowed) == (
        400,
        "[2].name",
        {"most": 5},
    )


@pytest.mark.parametrize("value", [-0.1, 5.1, True, "1", [1], {}, float("inf"), float("nan"), 10**400])
def test_a_number_is_within_its_bounds(value: Any) -> None:
    with pytest.raises(ProblemError, match="`n` must be a number from 0 to 5"):
        Fields({"n": value}).number("n", 5)


@pytest.mark.parametrize("value", [0, 1, "true", [], {}])
def test_a_flag_is_true_or_false(value: Any) -> None:
    with pytest.raises(ProblemError, match="`f` must be true or false"):
        Fields({"f": value}).flag("f", True)


@pytest.mark.parametrize("value", ["c", "A", 1, ["a"], {"a": 1}, True])
def test_a_choice_is_one_of_the_words(value: Any) -> None:
    with pytest.raises(ProblemError, match="`w` must be one of a, b") as caught:
        Fields({"w": value}).choice("w", ("a", "b"))
    assert caught.value.allowed == ["a", "b"]


def test_what_is_needed_must_be_given() -> None:
    with pytest.raises(ProblemError, match="`t` must be text"):
        Fields({"t": None}).required_text("t", 5)
    with pytest.raises(ProblemError, match="`w` must be one of a"):
        Fields({}).required_choice("w", ("a",))


def test_a_number_may_identify() -> None:
    """As its digits; a fraction, true or nothing may not."""
    fields = Fields({"text": "7", "number": 7, "fraction": 7.5, "flag": True})

    assert (fields.identifier("text", 5), fields.identifier("number", 5)) == ("7", "7")
    for name in ("fraction", "flag", "absent"):
        with pytest.raises(ProblemError, match=f"`{name}` must be text"):
            fields.identifier(name, 5)


@pytest.mark.parametrize("value", [None, 1, "x", []])
def test_only_an_object_has_fields(value: Any) -> None:
    """The message says where the object should stand."""
    with pytest.raises(ProblemError, match="the body must be a JSON object") as whole:
        Fields(value)
    with pytest.raises(ProblemError, match=r"`\[0\]` must be a JSON object") as item:
        Fields(value, "[0].")
    assert (whole.value.parameter, item.value.parameter) == (None, "[0]")


def test_a_count_is_whole() -> None:
    assert [whole_number(value, "n") for value in (0, 3.0, MAX_COUNT)] == [0, 3, MAX_COUNT]
    for value in (None, True, "1", -1, 0.5, MAX_COUNT + 1, float("inf"), [1], 10**400):
        with pytest.raises(ProblemError, match="`n` must be a whole number from 0"):
            whole_number(value, "n")
