"""Remember objects for as long as somebody else holds them.

Unlike `weakref.WeakSet` it may be read while another thread, a finalizer or a signal handler changes it: every
step is one operation of a dict.
"""

import weakref
from typing import Generic, TypeVar

T = TypeVar("T")


class Living(Generic[T]):
    """Hold objects weakly, each once; thread-safe without a lock, so a fork cannot inherit it locked."""

    def __init__(self) -> None:
        self._references: dict[int, weakref.ref[T]] = {}

    def add(self, member: T) -> None:
        """Remember an object until it is discarded or gone."""
        identity, references = id(member), self._references

        def forget(_: "weakref.ref[T]") -> None:
            references.pop(identity, None)

        references[identity] = weakref.ref(member, forget)

    def discard(self, member: T) -> None:
        """Forget an object; nothing happens when it is not here."""
        self._references.pop(id(member), None)

    def members(self) -> list[T]:
        """Return what is here and alive, in the order it was added."""
        held = (reference() for reference in tuple(self._references.values()))
        return [member for member in held if member is not None]
