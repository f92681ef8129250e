"""The OpenAPI document: valid, complete, written from the tables."""

import re
from typing import Any

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator

from tokenpulse_reader.openapi.document import openapi_document
from tokenpulse_reader.openapi.operation import JSON, Operation
from tokenpulse_reader.openapi.parts import MODEL, PROVIDER, hours
from tokenpulse_reader.openapi.shapes import TEXT, an_object, joined, mapped, maybe, one_of, whole
from tokenpulse_reader.openapi.table import OPERATIONS

DOCUMENT = openapi_document(OPERATIONS, "1.2.3")
EACH = pytest.mark.parametrize("operation", OPERATIONS, ids=lambda held: held.operation_id)


def test_the_document_is_openapi_3_1() -> None:
    """As the specification's own schema has it; the version is that of the release."""
    OpenAPIV31SpecValidator(DOCUMENT).validate()

    assert (DOCUMENT["openapi"], DOCUMENT["info"]["version"]) == ("3.1.0", "1.2.3")


def test_operations_have_names_of_their_own() -> None:
    assert len({held.operation_id for held in OPERATIONS}) == len(OPERATIONS)
    assert len({(held.path, held.method) for held in OPERATIONS}) == len(OPERATIONS)


@EACH
def test_names_in_a_path_are_described(operation: Operation) -> None:
    """Each is needed, in the order of the path."""
    described = [held for held in operation.parameters if held.place == "path"]

    assert [held.name for held in described] == re.findall(r"{(\w+)}", operation.path)
    assert all(held.is_required for held in described)


@EACH
def test_whole_numbers_have_bounds(operation: Operation) -> None:
    for held in operation.parameters:
        if held.schema.get("type") == "integer":
            assert held.schema["minimum"] <= held.schema.get("default", 1) <= held.schema["maximum"]


@EACH
def test_problems_are_described(operation: Operation) -> None:
    """Whatever is not open may be refused; what has names in its path may be unknown; writes say what they refuse."""
    responses: dict[str, Any] = DOCUMENT["paths"][operation.path][operation.method]["responses"]

    assert "200" in responses
    assert operation.is_open == ("401" not in responses)
    if "{" in operation.path:
        assert "404" in responses
    if operation.method == "post":
        assert {"400", "401", "403", "413"} <= set(responses)
    for status, response in responses.items():
        if status not in ("200", "503"):
            schema = response["content"][JSON]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}


def test_an_operation_is_written_from_its_row() -> None:
    """Compared whole."""
    row = Operation(
        path="/a/{provider}/{model}",
        summary="What",
        tag="t",
        about="More.",
        parameters=(PROVIDER, MODEL, hours(1, 24)),
        answers={JSON: an_object({"x": TEXT})},
        statuses={404: "never seen"},
    )
    problem = {"application/json": {"schema": {"$ref": "#/components/schemas/Problem"}}}

    assert openapi_document([row], "1")["paths"] == {
        "/a/{provider}/{model}": {
            "get": {
                "operationId": "get_a_provider_model",
                "summary": "What",
                "description": "More.",
                "tags": ["t"],
                "parameters": [
                    {
                        "name": "provider",
                        "in": "path",
                        "required": True,
                        "description": PROVIDER.about,
                        "schema": {"type": "string", "minLength": 1},
                    },
                    {
                        "name": "model",
                        "in": "path",
                        "required": True,
                        "description": MODEL.about,
                        "schema": {"type": "string", "minLength": 1},
                    },
                    {
                        "name": "hours",
                        "in": "query",
                        "required": False,
                        "description": "length of the window",
                        "schema": {"type": "integer", "minimum": 1, "maximum": 24, "default": 1},
                    },
                ],
                "responses": {
                    "200": {
                        "description": "the answer",
                        "content": {
                            "application/json": {
                                "schema": {
                                    "type": "object",
                                    "properties": {"x": {"type": "string"}},
                                    "required": ["x"],
                                }
                            }
                        },
                    },
                    "400": {"description": "the query or the path cannot be used", "content": problem},
                    "401": {"description": "a valid bearer token is needed", "content": problem},
                    "404": {"description": "never seen", "content": problem},
                    "414": {
                        "description": "the path with the query is longer than 16 KiB",
                        "content": problem,
                    },
                    "421": {
                        "description": "the reader has no token, and was asked for by a host name that is not its own",
                        "content": problem,
                    },
                    "503": {
                        "description": "Redis gave no answer, and nothing is known from before",
                        "content": problem,
                    },
                    "default": {"description": "any other problem", "content": problem},
                },
            }
        }
    }


def test_words_of_schemas() -> None:
    assert maybe(TEXT) == {"type": ["string", "null"]}
    assert maybe(one_of("a")) == {"type": ["string", "null"], "enum": ["a", None]}
    assert maybe({"anyOf": []}) == {"anyOf": [{"anyOf": []}, {"type": "null"}]}
    assert whole(1, 2) == {"type": "integer", "minimum": 1, "maximum": 2}
    assert mapped(TEXT, keys=one_of("a"))["propertyNames"] == one_of("a")
    assert joined(an_object({"a": TEXT}), an_object({"a": TEXT}, {"b": TEXT})) == {
        "type": "object",
        "properties": {"a": TEXT, "b": TEXT},
        "required": ["a"],
    }
