"""Parameters with parts of answers that several families share."""

from typing import Any, Final

from tokenpulse_reader.openapi.operation import JSON, Parameter, Schema
from tokenpulse_reader.openapi.shapes import (
    COUNT,
    FLAG,
    RATIO,
    SECONDS,
    TIME_BUCKET,
    TIMESTAMP,
    an_object,
    joined,
    one_of,
    whole,
)

PROVIDER: Final = Parameter(
    name="provider",
    place="path",
    about="a provider's name; slashes and colons raw or percent-encoded",
    schema={"type": "string", "minLength": 1},
    is_required=True,
)
MODEL: Final = Parameter(
    name="model",
    place="path",
    about="a model's id; slashes and colons raw or percent-encoded",
    schema={"type": "string", "minLength": 1},
    is_required=True,
)
BUCKET: Final = Parameter(
    name="time_bucket", place="query", about="an hour in UTC; without it the current one", schema=TIME_BUCKET
)

FRESH: Final = an_object(
    {"computed_at": TIMESTAMP, "stale": {**FLAG, "description": "served from memory, Redis is away"}},
    {"age_seconds": {**SECONDS, "description": "how old a stale answer is"}},
)
"""What every answer that is computed says of its age."""

BASIS: Final = an_object(
    {"coverage": {**RATIO, "description": "the part of the window since its first data"}},
    {"corrupt_keys": {**COUNT, "description": "keys that were left out because they hold something else"}},
)
"""What every answer that is built on a window rests on."""

SUCCESS: Final = an_object({"success": {"const": True}})
UNKNOWN_THING: Final[dict[int, str]] = {404: "never seen, or not for a long time"}


def fresh(body: Schema) -> dict[str, Schema]:
    """Return the answers of an operation whose body is an object that says how old it is."""
    return {JSON: joined(body, FRESH)}


def query(name: str, schema: Schema, about: str = "", *, is_required: bool = False) -> Parameter:
    """Return a parameter of the query."""
    return Parameter(name=name, place="query", about=about, schema=schema, is_required=is_required)


def hours(default: int, most: int) -> Parameter:
    """Return the parameter that says how many hours a window has, from 1 to `most`."""
    return query("hours", whole(1, most, default), "length of the window")


def days(default: int, most: int) -> Parameter:
    """Return the parameter that says how many days a window has, from 1 to `most`."""
    return query("days", whole(1, most, default), "length of the window")


def choice(name: str, *words: str, default: str | None = None, about: str = "") -> Parameter:
    """Return a parameter that takes one of the words; without a default it is needed."""
    schema: dict[str, Any] = dict(one_of(*words))
    if default is not None:
        schema["default"] = default
    return query(name, schema, about, is_required=default is None)
