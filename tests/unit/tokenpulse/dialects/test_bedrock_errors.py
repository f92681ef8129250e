"""Errors as AWS sends them."""

from typing import Any

import pytest

from tokenpulse.dialects.bedrock_errors import error_type_of_headers, read_exception, read_failure
from tokenpulse.dialects.facts import ErrorFacts


@pytest.mark.parametrize(
    ("body", "is_failure", "error"),
    [
        ({"message": "The model is not known."}, True, ErrorFacts(message="The model is not known.")),
        ({"Message": "Not allowed."}, True, ErrorFacts(message="Not allowed.")),
        (
            {"__type": "com.amazon.coral.service#AccessDeniedException", "Message": "Not allowed."},
            True,
            ErrorFacts("AccessDeniedException", None, "Not allowed."),
        ),
        (
            {"Output": {"__type": "com.amazon.coral.service#UnknownOperationException"}, "Version": "1.0"},
            False,
            ErrorFacts("UnknownOperationException"),
        ),
        ({"Output": {"__type": "InternalError"}}, True, ErrorFacts("InternalError")),
        ({"output": {"message": {}}, "stopReason": "end_turn"}, False, None),
        ({"Output": "odd"}, False, None),
    ],
)
def test_failures(body: dict[str, Any], is_failure: bool, error: ErrorFacts | None) -> None:
    """A failure's body tells its message, at times its type; a body with a type is one at any status."""
    assert read_failure(body, is_failure) == error


@pytest.mark.parametrize(
    ("name", "body", "error"),
    [
        (
            b"error",
            {"error": {"type": "throttlingException", "message": "Slow down."}},
            ErrorFacts("throttlingException", None, "Slow down."),
        ),
        (b"error", {"message": "Broken."}, ErrorFacts(message="Broken.")),
        (
            b"modelStreamErrorException",
            {"message": "Broken.", "originalStatusCode": 500},
            ErrorFacts("modelStreamErrorException", None, "Broken."),
        ),
        (b"modelTimeoutException", {"message": 7}, ErrorFacts("modelTimeoutException")),
        (
            b"",
            {"validationException": {"message": "Too long."}},
            ErrorFacts("validationException", None, "Too long."),
        ),
        (b"", {"validationException": "odd"}, None),
        (b"chunk", {"bytes": "e30="}, None),
    ],
)
def test_exceptions_within_a_stream(name: bytes, body: dict[str, Any], error: ErrorFacts | None) -> None:
    """An exception counts as the framing marks it, by its event's name, by the key that holds it."""
    assert read_exception(name, body) == error


@pytest.mark.parametrize(
    ("value", "told"),
    [
        (b"ValidationException:http://internal.example/coral/", "ValidationException"),
        (b"ThrottlingException", "ThrottlingException"),
        (b" :", None),
    ],
)
def test_error_type_of_headers(value: bytes, told: str | None) -> None:
    """The header names the exception, an address may follow."""
    headers = [(b"x-amzn-requestid", b"r-1"), (b"x-amzn-errortype", value)]

    assert error_type_of_headers(headers) == told
    assert error_type_of_headers(headers[:1]) is None
