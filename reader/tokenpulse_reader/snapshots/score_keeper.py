"""Keep the board of health scores that a reader serves.

Strategy: the leader computes a board every `interval_seconds`, at once when a provider is new, has become known, or
dies, and stores it; all readers serve what is stored. Where nothing is stored, because nobody may write, each reader
computes a board of its own, at the same pace.
"""

import asyncio
from collections.abc import Sequence

from tokenpulse_reader.snapshots.leader import Leadership
from tokenpulse_shared.breath import Breath
from tokenpulse_shared.health.board_store import BoardStore, LeadingRefusedError, Term
from tokenpulse_shared.health.score_board import (
    ProviderMinutes,
    ScoreBoard,
    compute_board,
    is_overtaken,
    provider_minutes,
)
from tokenpulse_shared.keyspace import HEALTH_BOARD_SECONDS
from tokenpulse_shared.windows.series_window import SeriesWindow


class ScoreKeeper:
    """Give the board to serve at each refresh; belongs to one event loop, one call at a time."""

    def __init__(
        self, boards: BoardStore, leadership: Leadership, interval_seconds: float, acceptable_seconds: float
    ) -> None:
        self._boards = boards
        self._leadership = leadership
        self._interval_seconds = interval_seconds
        self._acceptable_seconds = acceptable_seconds
        self._last: ScoreBoard | None = None

    async def board(self, windows: Sequence[SeriesWindow], now: float) -> ScoreBoard:
        """Return the board to serve at `now`, epoch seconds.

        `windows`: every provider's last hour of minutes, counters suffice.

        Raises:
            StoreUnavailableError: Redis cannot be reached, or did not answer in time.
        """
        term, stored = await self._leadership.current(), await self._boards.load()
        if term is None and stored is not None:
            self._last = stored
        elif term is None:
            self._last = await self._next(self._last, windows, now)
        else:
            self._last = await self._lead(term, stored, windows, now)
        return self._last

    async def aclose(self) -> None:
        """Let another reader lead at once; call it when no `board` is under way."""
        await self._leadership.resign()

    async def _lead(
        self, term: Term, stored: ScoreBoard | None, windows: Sequence[SeriesWindow], now: float
    ) -> ScoreBoard:
        board = await self._next(stored, windows, now, term)
        if board is stored:
            return board
        keep_seconds = max(HEALTH_BOARD_SECONDS, 2 * self._interval_seconds)
        try:
            if await self._boards.publish(board, term, keep_seconds):
                return board
        except LeadingRefusedError as error:
            self._leadership.refused(error)
        else:
            self._leadership.lost()
        return await self._boards.load() or await self._next(self._last, windows, now)

    async def _next(
        self,
        current: ScoreBoard | None,
        windows: Sequence[SeriesWindow],
        now: float,
        term: Term | None = None,
    ) -> ScoreBoard:
        """Return the current board, or the next one where that is due."""
        return await asyncio.to_thread(self._computed, current, windows, now, term)

    def _computed(
        self, current: ScoreBoard | None, windows: Sequence[SeriesWindow], now: float, term: Term | None
    ) -> ScoreBoard:
        breath = Breath()
        minutes = provider_minutes(windows, breath)
        if current is not None and not self._is_due(current, minutes, now):
            return current
        previous = current or self._last
        if term is None:
            return compute_board(minutes, now, self._acceptable_seconds, previous, breath=breath)
        return compute_board(
            minutes,
            now,
            self._acceptable_seconds,
            previous,
            source="leader",
            term=term.number,
            breath=breath,
        )

    def _is_due(self, board: ScoreBoard, minutes: ProviderMinutes, now: float) -> bool:
        """Tell whether a next board is to be computed; a board from the future is one from before a clock's jump."""
        age_seconds = now - board.computed_at
        if not 0.0 <= age_seconds < self._interval_seconds:
            return True
        return is_overtaken(board, minutes, now)
