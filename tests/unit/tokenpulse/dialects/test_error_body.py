"""What the error bodies of providers, gateways and frameworks mean."""

from typing import Any

import pytest

from tokenpulse.dialects.error_body import read_error
from tokenpulse.dialects.facts import ErrorFacts


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"error": {"message": "m", "type": "t", "code": "c"}}, ErrorFacts("t", "c", "m")),
        ({"error": {"message": "m", "type": None, "code": "c"}}, ErrorFacts("c", "c", "m")),
        ({"error": {"message": "m", "code": 429}}, ErrorFacts(None, "429", "m")),
        ({"error": {"message": "m", "code": "1300"}}, ErrorFacts(None, "1300", "m")),
        ({"error": {"message": "m", "code": True}}, ErrorFacts(None, None, "m")),
        (
            {"error": {"message": "m", "status": "UNAVAILABLE", "code": 503}},
            ErrorFacts("UNAVAILABLE", "503", "m"),
        ),
        ({"error": {"message": "m", "code": 429, "metadata": {"raw": "r"}}}, ErrorFacts(None, "429", "m")),
        ({"error": {}}, ErrorFacts()),
        ({"error": "m"}, ErrorFacts(None, None, "m")),
        ({"error": "m", "code": "invalid-argument"}, ErrorFacts("invalid-argument", "invalid-argument", "m")),
        ({"error": "m", "error_type": "overloaded"}, ErrorFacts("overloaded", None, "m")),
        ({"error": "m", "type": "error"}, ErrorFacts(None, None, "m")),
        ({"error": ["m", "n", 7]}, ErrorFacts(None, None, "m; n")),
        ({"error": [{"message": "m", "code": 5}]}, ErrorFacts(None, "5", "m")),
        ({"error": True, "message": "m", "code": "c"}, ErrorFacts("c", "c", "m")),
        ({"object": "error", "message": "m", "type": "t"}, ErrorFacts("t", None, "m")),
        ({"base_resp": {"status_code": 1004, "status_msg": "m"}}, ErrorFacts(None, "1004", "m")),
    ],
)
def test_bodies_that_are_errors_at_any_status(body: dict[str, Any], error: ErrorFacts) -> None:
    """They say themselves that they are errors."""
    assert read_error(body, is_failure=False) == error
    assert read_error(body, is_failure=True) == error


@pytest.mark.parametrize(
    ("body", "error"),
    [
        ({"message": "m", "type": "t", "code": "c"}, ErrorFacts("t", "c", "m")),
        ({"Message": "m"}, ErrorFacts(None, None, "m")),
        ({"id": "x", "message": "m", "error_type": "TOO_MANY"}, ErrorFacts("TOO_MANY", None, "m")),
        ({"__type": "InternalServerError", "message": "m"}, ErrorFacts("InternalServerError", None, "m")),
        ({"__type": "com.amazon#Throttled:http://x", "message": "m"}, ErrorFacts("Throttled", None, "m")),
        ({"detail": "m"}, ErrorFacts(None, None, "m")),
        ({"detail": [{"msg": "m", "input": "secret"}, {"msg": 7}, "n"]}, ErrorFacts(None, None, "m; n")),
        ({"detail": {"error": {"type": "t", "message": "m"}}}, ErrorFacts("t", None, "m")),
        ({"detail": {"code": "c", "message": "m"}}, ErrorFacts("c", "c", "m")),
        (
            {"type": "https://example.com/probs/x", "title": "T", "status": 429, "detail": "m"},
            ErrorFacts(None, None, "m"),
        ),
        ({"type": "about:blank", "detail": "m"}, ErrorFacts(None, None, "m")),
        (
            {"success": False, "errors": [{"code": 5007, "message": "m"}, {"message": "n"}]},
            ErrorFacts(None, "5007", "m; n"),
        ),
        ({"errors": ["m"]}, ErrorFacts(None, None, "m")),
        ({"error": None, "errors": [], "detail": [], "message": "m"}, ErrorFacts(None, None, "m")),
        ({"error": ""}, ErrorFacts()),
        ({"error": [], "detail": 7, "message": ["m"], "status": "400"}, ErrorFacts()),
        ({"base_resp": {"status_code": True}}, ErrorFacts()),
        ({}, ErrorFacts()),
    ],
)
def test_bodies_that_are_errors_when_the_status_says_so(body: dict[str, Any], error: ErrorFacts) -> None:
    """Without a failure's status they would be answers."""
    assert read_error(body, is_failure=True) == error
    assert read_error(body, is_failure=False) is None


@pytest.mark.parametrize(
    ("error", "is_callers"),
    [
        ({"code": "content_filter", "type": None}, True),
        ({"code": "context_length_exceeded", "type": "invalid_request_error"}, True),
        ({"type": "content_policy_violation"}, True),
        ({"code": "invalid_prompt"}, True),
        ({"code": "server_error"}, False),
        ({"type": "invalid_request_error", "code": "tool_use_failed"}, False),
        ({}, False),
    ],
)
def test_whose_fault_it_is(error: dict[str, Any], is_callers: bool) -> None:
    """A refused prompt is the caller's; what else fails inside a stream is the provider's."""
    told = read_error({"error": error}, is_failure=False)

    assert told is not None
    assert told.is_callers is is_callers
