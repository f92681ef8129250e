"""Words that schemas are put together from."""

from collections.abc import Mapping
from typing import Any, Final

from tokenpulse_reader.openapi.operation import Schema

COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
TEXT: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
RATIO: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 1}
PERCENT: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 100}
USD: Final[Schema] = {"type": "number", "minimum": 0, "description": "USD"}
MILLISECONDS: Final[Schema] = {"type": "number", "minimum": 0, "description": "milliseconds"}
NUMBER: Final[Schema] = {"type": "number"}
SECONDS: Final[Schema] = {"type": "number", "minimum": 0, "description": "seconds"}
EPOCH: Final[Schema] = {"type": "number", "description": "seconds since 1970-01-01 UTC"}
TIMESTAMP: Final[Schema] = {"type": "string", "format": "date-time", "description": "ISO 8601, UTC"}
DAY: Final[Schema] = {"type": "string", "format": "date", "description": "UTC"}
SCORE: Final[Schema] = {"type": "number", "minimum": 0, "maximum": 100}
STATUS: Final[Schema] = {"type": "string", "enum": ["healthy", "degraded", "unhealthy", "unknown"]}
STAMPED_HOUR: Final[Schema] = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}:\d{2}$",
    "description": "an hour in UTC, `YYYY-MM-DD:HH`",
}
TIME_BUCKET: Final[Schema] = {
    "type": "string",
    "pattern": r"^\d{4}-\d{2}-\d{2}-\d{2}$",
    "description": "an hour in UTC, `YYYY-MM-DD-HH`",
}


def one_of(*words: str) -> Schema:
    """Return the schema of a word of a closed set."""
    return {"type": "string", "enum": list(words)}


def maybe(schema: Schema) -> Schema:
    """Return the schema of a value that is null where it is not known."""
    if "enum" in schema:
        return {**schema, "type": [schema["type"], "null"], "enum": [*schema["enum"], None]}
    if isinstance(schema.get("type"), str):
        return {**schema, "type": [schema["type"], "null"]}
    return {"anyOf": [schema, {"type": "null"}]}


def whole(least: int, most: int, default: int | None = None) -> Schema:
    """Return the schema of a whole number within bounds."""
    held: dict[str, Any] = {"type": "integer", "minimum": least, "maximum": most}
    return held if default is None else {**held, "default": default}


def listed(item: Schema, **more: Any) -> Schema:
    """Return the schema of a list; `more` are bounds of it."""
    return {"type": "array", "items": item, **more}


def mapped(value: Schema, *, keys: Schema | None = None) -> Schema:
    """Return the schema of an object whose keys are names, every value of one schema."""
    held: dict[str, Any] = {"type": "object", "additionalProperties": value}
    return held if keys is None else {**held, "propertyNames": keys}


def an_object(fields: Mapping[str, Schema], optional: Mapping[str, Schema] | None = None) -> Schema:
    """Return the schema of an object that has all `fields`, and may have those of `optional`."""
    return {
        "type": "object",
        "properties": {**fields, **(optional or {})},
        "required": list(fields),
    }


def joined(*objects: Schema) -> Schema:
    """Return the schema of an object that has the fields of all these."""
    properties: dict[str, Schema] = {}
    required: list[str] = []
    for held in objects:
        properties |= held["properties"]
        required += held["required"]
    return {"type": "object", "properties": properties, "required": list(dict.fromkeys(required))}
