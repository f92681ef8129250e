"""A value with what a client must know of its age."""

from dataclasses import dataclass
from typing import Generic, TypeVar

Value = TypeVar("Value", covariant=True)


@dataclass(frozen=True, slots=True)
class Served(Generic[Value]):
    """Hold a value computed at `computed_at`, epoch seconds.

    `age_seconds` is None while the value is fresh; when it is served from memory because Redis is away, it
    says how long ago it was loaded.
    """

    value: Value
    computed_at: float
    age_seconds: float | None = None

    @property
    def is_stale(self) -> bool:
        """Tell whether it is served from memory because Redis is away."""
        return self.age_seconds is not None
