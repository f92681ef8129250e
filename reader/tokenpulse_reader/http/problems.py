"""Turn what goes wrong into JSON: `{"error": {"code", "message", "parameter", "allowed"}}`.

No exception's text reaches a body: messages are written here or by whoever raises a `ProblemError`.
"""

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

import orjson
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from tokenpulse_reader.http.security_headers import SECURITY_HEADERS
from tokenpulse_shared.errors import StoreError

_logger = logging.getLogger(__name__)

RETRY_SECONDS: Final = 2
"""When to ask again what Redis gave no answer to."""

_OF_STATUS: Final[dict[int, tuple[str, str]]] = {
    404: ("not_found", "there is nothing at this path; GET / lists what there is"),
    405: ("method_not_allowed", "this path does not take this method"),
}

Handler = Callable[[Request, Exception], Awaitable[Response]]


class ProblemError(Exception):
    """Carry an answer that says what is wrong.

    `parameter` and `allowed` only for a caller's bad input; `retry_after_seconds` where it helps to ask again.
    """

    def __init__(
        self,
        status: int,
        code: str,
        message: str,
        *,
        parameter: str | None = None,
        allowed: Any = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        self.status = status
        self.code = code
        self.parameter = parameter
        self.allowed = allowed
        self.retry_after_seconds = retry_after_seconds
        super().__init__(message)


def bad_parameter(parameter: str, message: str, allowed: Any) -> ProblemError:
    """Return the 400 for a parameter's value that cannot be used."""
    return ProblemError(400, "invalid_parameter", message, parameter=parameter, allowed=allowed)


def unknown(kind: str) -> ProblemError:
    """Return the 404 for a thing that was never seen, `kind` says what: `provider`, `model` or `gateway`."""
    return ProblemError(404, "not_found", f"this {kind} was never seen, or not for a long time")


def problem_response(
    status: int,
    code: str,
    message: str,
    *,
    parameter: str | None = None,
    allowed: Any = None,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return the JSON answer of a problem."""
    error = {"code": code, "message": message, "parameter": parameter, "allowed": allowed}
    body = orjson.dumps({"error": error})
    return Response(body, status, dict(headers or {}), media_type="application/json")


async def _on_problem(_: Request, error: Exception) -> Response:
    assert isinstance(error, ProblemError)  # registered for it alone
    waiting = error.retry_after_seconds
    return problem_response(
        error.status,
        error.code,
        str(error),
        parameter=error.parameter,
        allowed=error.allowed,
        headers=None if waiting is None else {"Retry-After": str(waiting)},
    )


async def _on_store_error(_: Request, __: Exception) -> Response:
    message = "Redis gave no answer and nothing is known from before"
    return problem_response(503, "store_unavailable", message, headers={"Retry-After": str(RETRY_SECONDS)})


async def _on_http_exception(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # registered for it alone
    code, message = _OF_STATUS.get(error.status_code, ("http_error", "the request cannot be answered"))
    return problem_response(error.status_code, code, message, headers=error.headers)


async def _on_internal_error(request: Request, error: Exception) -> Response:
    _logger.error("internal error at %s", request.scope["path"], exc_info=error)
    message = "the reader made a mistake; its log says which"  # made outside all layers, hence the headers
    return problem_response(500, "internal_error", message, headers=SECURITY_HEADERS)


async def _on_client_gone(_: Request, __: Exception) -> Response:
    return problem_response(400, "client_left", "the request's body broke off")  # nobody reads it


HANDLERS: Final[dict[Any, Handler]] = {
    ProblemError: _on_problem,
    ClientDisconnect: _on_client_gone,
    StoreError: _on_store_error,
    HTTPException: _on_http_exception,
    Exception: _on_internal_error,
}
"""Handler by exception, as Starlette takes them."""
