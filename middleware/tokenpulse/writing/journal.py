"""What a flush tells of its steps, so that a process killed at any of them loses nothing and doubles nothing.

Positions count the records that were journaled before a moment; without a journal they mean nothing.
"""

from collections.abc import Callable, Collection
from typing import Final, Protocol, TypeVar

from tokenpulse.batches.numbered_batch import Batch

T = TypeVar("T")


class Journal(Protocol):
    """Take note of what becomes of records; called by the thread that flushes."""

    writer_id: str | None
    """What the writer must call itself; None: whatever it likes."""

    def begin(self, held: Collection[str] = ()) -> None:
        """Note that a flush begins; `held`: providers of which something waits outside the aggregator."""

    def cut(self, take: Callable[[], T]) -> tuple[T, int]:
        """Return what `take` returns, with the position up to which it holds a group's records."""

    def moved(self, provider: str, position: int) -> None:
        """Note that a provider's records up to the position count under `__other__`."""

    def batched(self, batch: Batch) -> None:
        """Note that a batch holds its group's records up to `batch.cut`; nothing was sent yet."""

    def acknowledged(self, batch: Batch) -> None:
        """Note that Redis has a batch, with its group in the indexes."""


class NoJournal:
    """Keep nothing."""

    writer_id: str | None = None

    def begin(self, held: Collection[str] = ()) -> None:
        """Do nothing."""

    def cut(self, take: Callable[[], T]) -> tuple[T, int]:
        """Return what `take` returns, and 0."""
        return take(), 0

    def moved(self, provider: str, position: int) -> None:
        """Do nothing."""

    def batched(self, batch: Batch) -> None:
        """Do nothing."""

    def acknowledged(self, batch: Batch) -> None:
        """Do nothing."""


NO_JOURNAL: Final = NoJournal()
