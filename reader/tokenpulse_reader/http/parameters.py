"""Read parameters from the query and names from the path, strictly: what cannot be used is a 400.

Unknown parameters are ignored; one that is known may be given once.
"""

import re
from collections.abc import Sequence
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, quote, unquote

from starlette.types import Scope

from tokenpulse_reader.http.problems import ProblemError, bad_parameter
from tokenpulse_shared.keyspace import parse_stamp
from tokenpulse_shared.names import clean_name

MAX_QUERY_FIELDS: Final = 50
MAX_PERCENTILES: Final = 20

_WHOLE: Final = re.compile(r"[0-9]{1,9}")
_PERCENTILE: Final = re.compile(r"[0-9]{1,3}(\.[0-9]{1,6})?")
_TIME_BUCKET: Final = re.compile(r"([0-9]{4}-[0-9]{2}-[0-9]{2})-([0-9]{2})")

Word = TypeVar("Word", bound=str)


class Query:
    """Hold a request's parameters by name, each with every value given.

    Raises:
        ProblemError: 400, the query is no percent-encoded UTF-8 or has too many fields.
    """

    def __init__(self, scope: Scope) -> None:
        self._values: dict[str, list[str]] = {}
        try:
            pairs = parse_qsl(
                scope["query_string"].decode("ascii"),
                keep_blank_values=True,
                errors="strict",
                max_num_fields=MAX_QUERY_FIELDS,
            )
        except ValueError as error:  # UnicodeDecodeError is one
            message = f"the query must be percent-encoded UTF-8 with at most {MAX_QUERY_FIELDS} fields"
            raise ProblemError(400, "invalid_query", message) from error
        for name, value in pairs:
            self._values.setdefault(name, []).append(value)

    def text(self, name: str) -> str | None:
        """Return the parameter's text, None when it was not given."""
        values = self._values.get(name)
        if values is None:
            return None
        if len(values) > 1:
            raise bad_parameter(name, f"`{name}` may be given once", "one value")
        return values[0]

    def required_text(self, name: str, allowed: str) -> str:
        """Return the parameter's text; `allowed` says what it may be."""
        value = self.text(name)
        if not value:
            raise bad_parameter(name, f"`{name}` is needed", allowed)
        return value

    def whole_number(self, name: str, default: int, least: int, most: int) -> int:
        """Return a whole number from `least` to `most`."""
        value = self.text(name)
        if value is None:
            return default
        number = int(value) if _WHOLE.fullmatch(value) else None
        if number is None or not least <= number <= most:
            message = f"`{name}` must be a whole number from {least} to {most}"
            raise bad_parameter(name, message, {"minimum": least, "maximum": most})
        return number

    def choice(self, name: str, allowed: Sequence[Word], default: Word | None = None) -> Word:
        """Return one of the words allowed; without a default it must be given."""
        value = self.text(name)
        if value is None and default is not None:
            return default
        for word in allowed:
            if word == value:
                return word
        raise bad_parameter(name, f"`{name}` must be one of {', '.join(allowed)}", list(allowed))

    def percentiles(self, name: str, default: tuple[float, ...]) -> tuple[float, ...]:
        """Return different numbers in (0, 100], in the order given, from text like `50,95,99.9`."""
        value = self.text(name)
        if value is None:
            return default
        texts = value.split(",")
        numbers = [float(text) if _PERCENTILE.fullmatch(text) else 0.0 for text in texts]
        if len(numbers) > MAX_PERCENTILES or not all(0.0 < number <= 100.0 for number in numbers):
            message = (
                f"`{name}` must be at most {MAX_PERCENTILES} numbers above 0, up to 100, with commas between"
            )
            raise bad_parameter(name, message, {"above": 0, "maximum": 100, "most": MAX_PERCENTILES})
        return tuple(dict.fromkeys(numbers))

    def hour(self, name: str) -> int | None:
        """Return the start, epoch seconds, of the hour in text like `2026-11-21-01`; None when not given."""
        value = self.text(name)
        if value is None:
            return None
        match = _TIME_BUCKET.fullmatch(value)
        try:
            if match is None:
                raise ValueError
            return parse_stamp(f"{match[1]}:{match[2]}")[1]
        except ValueError:
            raise bad_parameter(name, f"`{name}` must be an hour in UTC", "YYYY-MM-DD-HH") from None


def path_names(scope: Scope, prefix: str, count: int) -> list[str]:
    """Return `count` names from the path behind `prefix`; the last takes what is left, slashes and all.

    The path is cut before it is decoded, so that a name may hold an encoded slash: `a%2Fb` is one name. A name is
    cleaned as writers clean theirs, so that a long one is found.

    Raises:
        ProblemError: 400 for what is no UTF-8, 404 when a name is missing.
    """
    raw: Any = scope.get("raw_path")
    path = raw.partition(b"?")[0].decode("latin-1") if raw else quote(scope["path"])
    _, found, tail = path.partition(prefix)
    if not found:  # the prefix itself is encoded
        tail = quote(scope["path"].partition(prefix)[2])
    parts = tail.split("/", count - 1)
    try:
        names = [clean_name(unquote(part, errors="strict")) for part in parts]
    except UnicodeDecodeError as error:
        raise ProblemError(400, "invalid_path", "the path must be percent-encoded UTF-8") from error
    if len(names) < count or not all(names):
        raise ProblemError(404, "not_found", "the path lacks a name; GET / lists what there is")
    return names
