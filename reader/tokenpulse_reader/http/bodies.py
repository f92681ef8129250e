"""Read JSON bodies strictly: what cannot be used is a 400 that names the field.

Fields that nobody asks for are ignored, as unknown parameters are. The size of a body is bounded before it gets here
(see `request_limits`).
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect, Request

from tokenpulse_reader.http.problems import ProblemError, bad_parameter
from tokenpulse_shared.counters import MAX_COUNT


async def read_json(request: Request) -> Any:
    """Return the value of a request's body.

    Raises:
        ProblemError: 400, the body is not JSON, or its end never came.
    """
    try:
        return orjson.loads(await request.body())
    except (orjson.JSONDecodeError, ClientDisconnect) as error:
        raise ProblemError(400, "invalid_body", "the body must be JSON") from error


def whole_number(value: Any, name: str) -> int:
    """Return a count from JSON: whole, not negative, at most 2^53 − 1; `3.0` is 3.

    Raises:
        ProblemError: 400, it is something else.
    """
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if not is_number or not 0 <= value <= MAX_COUNT or value != math.floor(value):
        message = f"`{name}` must be a whole number from 0 to {MAX_COUNT}"
        raise bad_parameter(name, message, {"minimum": 0, "maximum": MAX_COUNT})
    return int(value)


class Fields:
    """Hold the fields of one JSON object; null is the same as not given.

    `place`: where the object stands in the body, as `[2].`; empty for the body itself.

    Raises:
        ProblemError: 400, it is no object.
    """

    def __init__(self, value: Any, place: str = "") -> None:
        self._place: Final = place
        if not isinstance(value, Mapping):
            name = place.removesuffix(".") or None
            message = f"{f'`{name}`' if name else 'the body'} must be a JSON object"
            raise ProblemError(400, "invalid_body", message, parameter=name, allowed="a JSON object")
        self._values = value

    def text(self, name: str, most_characters: int) -> str | None:
        """Return text of at least one character, None when it was not given."""
        value = self._values.get(name)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip() or len(value) > most_characters:
            raise self._bad(name, f"text of 1 to {most_characters} characters", {"most": most_characters})
        return value

    def required_text(self, name: str, most_characters: int) -> str:
        """Return text of at least one character."""
        value = self.text(name, most_characters)
        if value is None:
            raise self._bad(name, f"text of 1 to {most_characters} characters", {"most": most_characters})
        return value

    def identifier(self, name: str, most_characters: int) -> str:
        """Return text that names somebody or something; a whole number is the same as its digits."""
        value = self._values.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        return self.required_text(name, most_characters)

    def number(self, name: str, most: float) -> float | None:
        """Return a number from 0 to `most`, None when it was not given."""
        value = self._values.get(name)
        if value is None:
            return None
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if not is_number or not 0 <= value <= most:
            raise self._bad(name, f"a number from 0 to {most:.0f}", {"minimum": 0, "maximum": most})
        return float(value)

    def flag(self, name: str, default: bool) -> bool:
        """Return true or false."""
        value = self._values.get(name)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self._bad(name, "true or false", [True, False])
        return value

    def choice(self, name: str, allowed: Sequence[str]) -> str | None:
        """Return one of the words allowed, None when it was not given."""
        value = self._values.get(name)
        if value is not None and value not in allowed:
            raise self._bad(name, f"one of {', '.join(allowed)}", list(allowed))
        return None if value is None else str(value)

    def required_choice(self, name: str, allowed: Sequence[str]) -> str:
        """Return one of the words allowed."""
        value = self.choice(name, allowed)
        if value is None:
            raise self._bad(name, f"one of {', '.join(allowed)}", list(allowed))
        return value

    def _bad(self, name: str, expected: str, allowed: Any) -> ProblemError:
        whole = f"{self._place}{name}"
        return bad_parameter(whole, f"`{whole}` must be {expected}", allowed)
