"""Measurements that clients post."""

from typing import Any

import pytest

from tokenpulse_reader.http.problems import ProblemError
from tokenpulse_reader.posts.measurements import (
    MAX_MEASUREMENTS,
    MAX_MILLISECONDS,
    Measurement,
    parse_measurements,
)

WHOLE = {
    "model": "openai/gpt-4o",
    "gateway": "openrouter",
    "provider": "azure",
    "session_id": "s-1",
    "ttft_ms": 120.5,
    "total_time_ms": 900,
    "network_time_ms": 50,
    "backend_time_ms": 800,
    "success": False,
    "error_type": "timeout",
}


def test_every_field_is_taken() -> None:
    assert parse_measurements(WHOLE) == [
        Measurement(
            model="openai/gpt-4o",
            provider="azure",
            gateway="openrouter",
            ttft_ms=120.5,
            total_time_ms=900.0,
            success=False,
            error_type="timeout",
        )
    ]


@pytest.mark.parametrize(
    ("model", "provider"),
    [("openai/gpt-4o", "openai"), ("llama3:8b", "llama3"), ("gpt-4o", "unknown"), ("/x", "unknown")],
)
def test_a_model_alone_is_enough(model: str, provider: str) -> None:
    """The provider is what stands before `/`, else before `:`; without any news the call was a success."""
    assert parse_measurements({"model": model}) == [Measurement(model=model, provider=provider)]


@pytest.mark.parametrize(
    ("given", "total"),
    [
        ({"network_time_ms": 20, "backend_time_ms": 300}, 320.0),
        ({"network_time_ms": 20}, None),
        ({"backend_time_ms": 300}, None),
        ({"total_time_ms": 0, "network_time_ms": 20, "backend_time_ms": 300}, 0.0),
    ],
)
def test_the_parts_make_the_whole(given: dict[str, Any], total: float | None) -> None:
    """Where no total is told, network and backend together are it; one of them is not."""
    [held] = parse_measurements({"model": "m", **given})

    assert held.total_time_ms == total


def test_an_error_type_says_nothing_of_a_success() -> None:
    [held] = parse_measurements({"model": "m", "error_type": "timeout"})

    assert (held.success, held.error_type) == (True, None)


def test_a_list_is_taken_in_order() -> None:
    assert [held.model for held in parse_measurements([{"model": "a"}, {"model": "b"}])] == ["a", "b"]


def test_names_are_made_safe() -> None:
    """Control characters are replaced, a vendor's key in the model's place is masked."""
    key = "sk-proj-" + "Ab3" * 20
    [held] = parse_measurements({"model": key, "provider": "a\nb", "gateway": "\u202eg"})

    assert (held.model, held.provider, held.gateway) == ("***", "a\ufffdb", "\ufffdg")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("model", None),
        ("model", ""),
        ("model", 4),
        ("model", "m" * 1001),
        ("gateway", 1),
        ("provider", ""),
        ("session_id", 7),
        ("session_id", "s" * 1001),
        ("ttft_ms", -1),
        ("ttft_ms", "1"),
        ("total_time_ms", MAX_MILLISECONDS + 1),
        ("total_time_ms", True),
        ("network_time_ms", []),
        ("backend_time_ms", -0.5),
        ("success", "yes"),
        ("error_type", "weather"),
    ],
)
def test_the_field_that_cannot_be_used_is_named(field: str, value: Any) -> None:
    """Of one object by its name, of a list with its place; the list is refused whole."""
    with pytest.raises(ProblemError) as alone:
        parse_measurements({**WHOLE, field: value})
    with pytest.raises(ProblemError) as in_list:
        parse_measurements([WHOLE, {**WHOLE, field: value}])
    assert (alone.value.status, alone.value.parameter) == (400, field)
    assert (in_list.value.status, in_list.value.parameter) == (400, f"[1].{field}")


@pytest.mark.parametrize("body", [[], [{"model": "m"}] * (MAX_MEASUREMENTS + 1), "x", None, 3, [3]])
def test_what_is_no_measurement_is_refused(body: Any) -> None:
    with pytest.raises(ProblemError) as caught:
        parse_measurements(body)
    assert (caught.value.status, caught.value.code) == (400, "invalid_body")
