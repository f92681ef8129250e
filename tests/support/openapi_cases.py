"""Requests made from the reader's OpenAPI document, with what their answers must be."""

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import quote, urlencode

import jsonschema

from tokenpulse_reader.openapi.document import PROBLEM
from tokenpulse_reader.openapi.operation import JSON, Operation, Parameter

EXAMPLES: Final[Mapping[str, str]] = {
    "provider": "openai",
    "model": "openai/gpt-4o",
    "id": "openai",
    "type": "provider",
    "metric": "latency",
}
"""A value for each parameter that is needed."""


def strict(schema: Any) -> Any:
    """Return the schema with objects that take no field which it does not name."""
    if isinstance(schema, Mapping):
        held = {name: strict(value) for name, value in schema.items()}
        if "properties" in schema:
            held.setdefault("additionalProperties", False)
        return held
    return [strict(item) for item in schema] if isinstance(schema, list) else schema


def check_answer(operation: Operation, status: int, media_type: str, body: Any) -> None:
    """Compare an answer with the document, field by field.

    Raises:
        jsonschema.ValidationError: it has a field too much, one too few, or one that is something else.
    """
    if status == 200:
        schema = operation.answers[media_type]
    else:
        assert status in (operation.statuses or {}) or status in (400, 401, 403, 413, 414, 421, 503), status
        schema = (operation.other_answers or {}).get(status, PROBLEM)
    if media_type == JSON:
        checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
        jsonschema.Draft202012Validator(strict(schema), format_checker=checker).validate(body)


def target(operation: Operation, **given: object) -> str:
    """Return the path with the query: examples for what is needed, `given` on top."""
    path, asked = operation.path, dict(given)
    for parameter in operation.parameters:
        value = str(asked.pop(parameter.name, EXAMPLES.get(parameter.name, "")))
        if parameter.place == "path":
            path = path.replace(f"{{{parameter.name}}}", quote(value, safe=""))
        elif parameter.place == "query" and (parameter.is_required or parameter.name in given):
            asked[parameter.name] = value
    return f"{path}?{urlencode(asked)}" if asked else path


def edges(parameter: Parameter) -> Iterator[tuple[object, bool]]:
    """Yield (value, whether it may be used) at the edges of what a parameter takes."""
    schema = parameter.schema
    if schema.get("type") == "integer":
        least, most = schema["minimum"], schema["maximum"]
        yield from ((least, True), (most, True), (least - 1, False), (most + 1, False), ("x", False))
    elif "enum" in schema:
        yield from ((word, True) for word in schema["enum"])
        yield from (("", False), ("nothing", False))
    elif "pattern" in schema:
        yield ("nothing", False)
