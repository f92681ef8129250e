"""Hold the lease of the one reader that computes the health scores for all.

Bounds: the lease lasts `LEASE_SECONDS`, or three refreshes where those are rarer; a reader that dies is replaced when
it is over, one that ends in order at once. One that may not write asks again every `REFUSED_SECONDS`.
"""

import logging
from typing import Final

from tokenpulse_shared.clock import Clock
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.health.board_store import BoardStore, LeadingRefusedError, Term

_logger = logging.getLogger(__name__)

LEASE_SECONDS: Final = 10.0
REFUSED_SECONDS: Final = 60.0
_RENEWALS: Final = 3
"""How often a lease is renewed while it lasts: two may be lost."""


class Leadership:
    """Ask for the lease, renew it in time; belongs to one event loop.

    `owner`: unlike any other reader's. `refresh_seconds`: how often `current` is asked for.
    """

    def __init__(self, boards: BoardStore, clock: Clock, owner: str, refresh_seconds: float) -> None:
        self._boards = boards
        self._clock = clock
        self._owner = owner
        self._lease_seconds = max(LEASE_SECONDS, _RENEWALS * refresh_seconds)
        self._term: Term | None = None
        self._ask_at = float("-inf")
        self._is_refused = False
        self._may_hold = False

    async def current(self) -> Term | None:
        """Return the term this reader leads in, None when it does not.

        Raises:
            StoreUnavailableError: Redis cannot be reached, or did not answer in time.
        """
        now = self._clock.monotonic()
        if now < self._ask_at:
            return self._term
        self._may_hold = True  # from now on, even when the reply is lost
        try:
            self._term = await self._boards.lead(self._owner, self._lease_seconds)
        except LeadingRefusedError as error:
            self.refused(error)
            return None
        self._is_refused = False
        self._ask_at = now + self._lease_seconds / _RENEWALS
        return self._term

    async def resign(self) -> None:
        """Give the lease back, so that another may lead at once; where that fails it runs out by itself."""
        if not self._may_hold:
            return
        self.lost()
        try:
            await self._boards.resign(self._owner)
        except (LeadingRefusedError, StoreUnavailableError) as error:
            _logger.debug("the lease on health scores was not given back: %s", error)

    def lost(self) -> None:
        """Take note that another reader leads: ask again at the next refresh."""
        self._term, self._ask_at, self._may_hold = None, float("-inf"), False

    def refused(self, error: LeadingRefusedError) -> None:
        """Take note that this reader may not write."""
        if not self._is_refused:
            _logger.warning("this reader cannot share its health scores with others: %s", error)
        self._is_refused, self._may_hold = True, False
        self._term, self._ask_at = None, self._clock.monotonic() + REFUSED_SECONDS
