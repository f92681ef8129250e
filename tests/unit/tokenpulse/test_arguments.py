"""Tests of what `Recorder.record` believes."""

import enum
import math
import tracemalloc
from typing import Any

import pytest

from tokenpulse.arguments import (
    MAX_MILLISECONDS,
    checked_count,
    checked_message,
    checked_nano_usd,
    checked_seconds,
    checked_status,
    checked_text,
    checked_trace_id,
)
from tokenpulse_shared.counters import MAX_COUNT


class Model(enum.StrEnum):
    """Name models as apps do."""

    FAST = "gpt-4o-mini"


class Measured(float):
    """Stand for a number class of a numeric library."""


class UnspeakableError(Exception):
    """Refuse to be printed."""

    def __str__(self) -> str:
        raise RuntimeError("no text")


_BAD_NUMBERS: list[Any] = [math.nan, math.inf, -math.inf, -0.001, 10**400, True, "1", b"1", [], object(), 1j]


@pytest.mark.parametrize("bad", [*_BAD_NUMBERS, MAX_MILLISECONDS + 1])
def test_bad_duration_is_unknown(bad: Any) -> None:
    """What is no duration becomes None and is counted as a fault."""
    faults: list[str] = []

    assert checked_seconds(bad, faults.append) is None
    assert faults == ["duration_rejected"]


@pytest.mark.parametrize(
    ("given", "seconds"),
    [
        (None, None),
        (0, 0.0),
        (1500, 1.5),
        (0.5, 0.0005),
        (Measured(250.0), 0.25),
        (MAX_MILLISECONDS, 2_592_000.0),
    ],
)
def test_good_duration_is_seconds(given: Any, seconds: float | None) -> None:
    """Milliseconds become plain float seconds; None stays None, without a fault."""
    faults: list[str] = []
    answer = checked_seconds(given, faults.append)

    assert answer == seconds
    assert answer is None or type(answer) is float
    assert faults == []


@pytest.mark.parametrize("bad", [-1, 1.0, True, "1", 2**53, 2**63, 10**400, math.nan, object(), [1]])
def test_bad_count_is_unknown(bad: Any) -> None:
    """What is no token count becomes None and is counted as a fault."""
    faults: list[str] = []

    assert checked_count(bad, faults.append) is None
    assert faults == ["usage_rejected"]


@pytest.mark.parametrize("good", [None, 0, 1, 2**53 - 1])
def test_good_count_passes(good: int | None) -> None:
    """Counts that Redis and JSON keep exactly pass as they are."""
    faults: list[str] = []

    assert checked_count(good, faults.append) == good
    assert faults == []


@pytest.mark.parametrize("bad", [*_BAD_NUMBERS, 9_007_199.3])
def test_bad_cost_is_unknown(bad: Any) -> None:
    """What is no amount becomes None and is counted as a fault."""
    faults: list[str] = []

    assert checked_nano_usd(bad, faults.append) is None
    assert faults == ["cost_rejected"]


@pytest.mark.parametrize(
    ("usd", "nano"),
    [(None, None), (0, 0), (0.0012, 1_200_000), (2, 2_000_000_000), (1e-10, 0), (MAX_COUNT / 1e9, MAX_COUNT)],
)
def test_good_cost_is_nano_usd(usd: float | None, nano: int | None) -> None:
    """USD become integer nano-USD, rounded."""
    faults: list[str] = []

    assert checked_nano_usd(usd, faults.append) == nano
    assert faults == []


@pytest.mark.parametrize("bad", ["", b"gpt", 7, object(), ["gpt"], {}])
def test_bad_text_is_unknown(bad: Any) -> None:
    """What is no text becomes None and is counted as a fault."""
    faults: list[str] = []

    assert checked_text(bad, faults.append) is None
    assert faults == ["name_rejected"]


@pytest.mark.parametrize(("given", "text"), [(None, None), ("gpt", "gpt"), (Model.FAST, "gpt-4o-mini")])
def test_text_comes_out_plain(given: str | None, text: str | None) -> None:
    """Text passes; a subclass's content passes as plain text."""
    faults: list[str] = []
    answer = checked_text(given, faults.append)

    assert answer == text
    assert answer is None or type(answer) is str
    assert faults == []


@pytest.mark.parametrize("bad", [99, 600, -1, 10**400, True, 200.0, "200", object()])
def test_bad_status_is_unknown(bad: Any) -> None:
    """What is no HTTP status becomes None and is counted as a fault."""
    faults: list[str] = []

    assert checked_status(bad, faults.append) is None
    assert faults == ["status_rejected"]


@pytest.mark.parametrize("good", [None, 100, 429, 599])
def test_good_status_passes(good: int | None) -> None:
    """A status code passes as it is."""
    faults: list[str] = []

    assert checked_status(good, faults.append) == good
    assert faults == []


@pytest.mark.parametrize(
    ("given", "text"),
    [
        (None, None),
        ("boom", "boom"),
        ("key sk-abcdef123456", "key ***"),
        ("a\ud800b", "a\ufffdb"),
        (ValueError("boom"), "ValueError: boom"),
        (Model.FAST, "gpt-4o-mini"),
    ],
)
def test_message_is_masked_text(given: Any, text: str | None) -> None:
    """Text or an exception gives safe text."""
    faults: list[str] = []

    assert checked_message(given, faults.append) == text
    assert faults == []


def test_message_survives_an_exception_that_cannot_be_printed() -> None:
    """An exception whose `__str__` raises still gives its class."""
    message = checked_message(UnspeakableError(), lambda cause: None)

    assert message is not None
    assert "UnspeakableError" in message


@pytest.mark.parametrize("bad", [7, b"boom", object(), ["boom"]])
def test_bad_message_is_unknown(bad: Any) -> None:
    """What is neither text nor exception becomes None and is counted as a fault."""
    faults: list[str] = []

    assert checked_message(bad, faults.append) is None
    assert faults == ["message_rejected"]


@pytest.mark.parametrize(
    ("given", "believed", "faults"),
    [
        ("4bf92f3577b34da6a3ce929d0e0e4736", "4bf92f3577b34da6a3ce929d0e0e4736", 0),
        ("4BF92F3577B34DA6A3CE929D0E0E4736", "4bf92f3577b34da6a3ce929d0e0e4736", 0),
        (None, None, 0),
        ("0" * 32, None, 0),
        ("4bf92f35-77b3-4da6-a3ce-929d0e0e4736", None, 1),
        ("4bf92f3577b34da6a3ce929d0e0e473", None, 1),
        ("4bf92f3577b34da6a3ce929d0e0e4736\n", None, 1),
        ("", None, 1),
        (b"4bf92f3577b34da6a3ce929d0e0e4736", None, 1),
        (0x4BF92F3577B34DA6A3CE929D0E0E4736, None, 1),
    ],
)
def test_trace_ids(given: Any, believed: str | None, faults: int) -> None:
    """32 hexadecimal digits; all zero says that there is none, anything else is counted."""
    counted: list[str] = []

    assert checked_trace_id(given, counted.append) == believed
    assert counted == ["trace_id_rejected"] * faults


def test_a_long_text_for_a_trace_id_is_not_copied() -> None:
    """It is refused by its length: whoever records is not held up, and holds no second copy."""
    text = "A" * 1_000_000
    tracemalloc.start()
    try:
        believed = checked_trace_id(text, [].append)
        _, peak_bytes = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert believed is None
    assert peak_bytes < len(text)
