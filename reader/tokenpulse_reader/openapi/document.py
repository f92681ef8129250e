"""Write the OpenAPI 3.1 document from the tables of operations, pure."""

from collections.abc import Iterable
from typing import Any, Final

from tokenpulse_reader.openapi.operation import JSON, Operation, Parameter, Schema
from tokenpulse_reader.openapi.shapes import TEXT, an_object, maybe

PROBLEM: Final[Schema] = an_object(
    {
        "error": an_object(
            {
                "code": {**TEXT, "description": "a word for programs"},
                "message": {**TEXT, "description": "what is wrong, for people"},
                "parameter": {
                    **maybe(TEXT),
                    "description": "what the request got wrong; null: nothing of it",
                },
                "allowed": {"description": "what the parameter may be; null: see the message"},
            }
        )
    }
)
_TOKEN_SCHEME: Final = {
    "type": "http",
    "scheme": "bearer",
    "description": "Needed for everything but /healthz once TOKENPULSE_API_TOKEN is set; for a POST always.",
}
_EVERYWHERE: Final[dict[int, str]] = {
    400: "the query or the path cannot be used",
    401: "a valid bearer token is needed",
    421: "the reader has no token, and was asked for by a host name that is not its own",
    414: "the path with the query is longer than 16 KiB",
}
_OF_WRITES: Final[dict[int, str]] = {
    403: "no token is configured, or a page of another site asks",
    408: "the body did not come in time",
    413: "the body is longer than 64 KiB",
}
_AWAY: Final = "Redis gave no answer, and nothing is known from before"


def openapi_document(operations: Iterable[Operation], version: str) -> dict[str, Any]:
    """Return the document; operations in the order given."""
    paths: dict[str, dict[str, Any]] = {}
    tags: dict[str, None] = {}
    for operation in operations:
        tags[operation.tag] = None
        paths.setdefault(operation.path, {})[operation.method] = _operation(operation)
    return {
        "openapi": "3.1.0",
        "jsonSchemaDialect": "https://spec.openapis.org/oas/3.1/dialect/base",
        "info": {
            "title": "tokenpulse reader",
            "version": version,
            "description": "Health, statistics, circuit breakers and Prometheus metrics of LLM providers.",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": tag} for tag in tags],
        "security": [{"token": []}, {}],
        "paths": paths,
        "components": {"schemas": {"Problem": PROBLEM}, "securitySchemes": {"token": _TOKEN_SCHEME}},
    }


def _operation(operation: Operation) -> dict[str, Any]:
    told: dict[str, Any] = {
        "operationId": operation.operation_id,
        "summary": operation.summary,
        "tags": [operation.tag],
        "responses": _responses(operation),
    }
    if operation.about:
        told["description"] = operation.about
    if operation.parameters:
        told["parameters"] = [_parameter(held) for held in operation.parameters]
    if operation.body is not None:
        told["requestBody"] = {"required": True, "content": {JSON: {"schema": operation.body}}}
    if operation.is_open:
        told["security"] = [{}]
    elif operation.method == "post":
        told["security"] = [{"token": []}]
    return told


def _parameter(parameter: Parameter) -> dict[str, Any]:
    told: dict[str, Any] = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.is_required,
        "schema": parameter.schema,
    }
    if parameter.about:
        told["description"] = parameter.about
    return told


def _responses(operation: Operation) -> dict[str, Any]:
    content = {kind: {"schema": schema} for kind, schema in operation.answers.items()}
    told: dict[str, Any] = {"200": {"description": "the answer", "content": content}}
    statuses = {} if operation.is_open else dict(_EVERYWHERE)
    if operation.method == "post":
        statuses |= _OF_WRITES
    if not operation.is_open:
        statuses[503] = _AWAY
    statuses |= operation.statuses or {}
    others = operation.other_answers or {}
    problem = {"$ref": "#/components/schemas/Problem"}
    for status, meaning in sorted(statuses.items()):
        told[str(status)] = {
            "description": meaning,
            "content": {JSON: {"schema": others.get(status, problem)}},
        }
    told["default"] = {"description": "any other problem", "content": {JSON: {"schema": problem}}}
    return told
