"""The shape of one row of the tables of operations."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Schema = Mapping[str, Any]
"""A JSON Schema of draft 2020-12, as OpenAPI 3.1 takes it."""

Method = Literal["get", "post"]
JSON = "application/json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Parameter:
    """Describe one parameter of the query, the path or the headers."""

    name: str
    place: Literal["query", "path", "header"]
    about: str
    schema: Schema
    is_required: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """Describe one method of one path.

    `path`: with `{name}` for what may vary. `answers`: media type → schema of what comes with 200. `statuses`:
    problems besides those that every operation may answer, with what they mean; 503 too where the store is asked.
    `body`: what a POST takes. `is_open`: no token is ever needed.
    """

    path: str
    summary: str
    tag: str
    answers: Mapping[str, Schema]
    method: Method = "get"
    about: str = ""
    parameters: tuple[Parameter, ...] = ()
    body: Schema | None = None
    statuses: Mapping[int, str] | None = None
    other_answers: Mapping[int, Schema] | None = None
    is_open: bool = False

    @property
    def operation_id(self) -> str:
        """Return a name that no other operation has: `get_api_monitoring_health_provider`."""
        words = self.path.translate({ord(mark): " " for mark in "/{}-."}).replace("[]", "").split()
        return "_".join((self.method, *words)) if words else f"{self.method}_root"
