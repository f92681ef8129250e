"""Keep the board of health scores in Redis, written by one leader at a time.

Strategy: whoever holds the lease leads; each new holder begins a term with a number of its own, and a board is stored
only while the term it was computed in is the last one. So a process that was paused while another took over cannot
overwrite what that one stored. Board, lease, term share a slot; the sorted set has one with its own guard.
"""

from typing import Any, NamedTuple, Self

from redis.exceptions import ResponseError

from tokenpulse_shared import scripts
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.health.board_codec import decode_board, encode_board
from tokenpulse_shared.health.score_board import ScoreBoard
from tokenpulse_shared.keyspace import HEALTH_BOARD_SECONDS, HEALTH_TERM_SECONDS, Keyspace
from tokenpulse_shared.redis_reads import RedisReads


class LeadingRefusedError(Exception):
    """Say why Redis does not let this process lead: its user may not write, or the server takes no writes."""


class Term(NamedTuple):
    """Name a leader's term: its number, higher with each leader, and who leads."""

    number: int
    owner: str

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the term that the lead script names."""
        number, _, owner = text.partition(":")
        return cls(int(number), owner)

    def __str__(self) -> str:
        return f"{self.number}:{self.owner}"


class BoardStore:
    """Load and publish boards; safe for concurrent calls on one event loop."""

    def __init__(self, reads: RedisReads, keyspace: Keyspace) -> None:
        self._reads = reads
        self._board = keyspace.health_scores_current()
        self._lease = keyspace.health_lease()
        self._term = keyspace.health_term()
        self._ranking = keyspace.provider_health()
        self._guard = keyspace.provider_health_guard()

    async def load(self) -> ScoreBoard | None:
        """Return the board last published; None when there is none, or something else is in its place.

        Raises:
            StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
        """
        reply = await self._reads.one("GET", self._board)
        if not self._reads.usable(self._board, reply, bytes | None) or reply is None:
            return None
        try:
            return decode_board(reply)
        except ValueError as error:
            self._reads.corrupt_keys.note(self._board, error)
            return None

    async def lead(self, owner: str, lease_seconds: float) -> Term | None:
        """Take or keep the lease; return the owner's term, None while another leads.

        Raises:
            LeadingRefusedError: this process may not write.
            StoreUnavailableError: Redis cannot be reached, or did not answer in time.
        """
        milliseconds = str(int(lease_seconds * 1000))
        reply = await self._run(
            "lead", self._lease, self._term, owner, milliseconds, str(HEALTH_TERM_SECONDS)
        )
        return None if reply is None else Term.parse(reply.decode())

    async def resign(self, owner: str) -> bool:
        """Give up the lease; return whether it was the owner's.

        Raises:
            LeadingRefusedError: this process may not write.
            StoreUnavailableError: Redis cannot be reached, or did not answer in time.
        """
        return bool(await self._run("resign", self._lease, self._term, owner))

    async def publish(
        self, board: ScoreBoard, term: Term, keep_seconds: float = HEALTH_BOARD_SECONDS
    ) -> bool:
        """Store the board, then the sorted set; return whether the term still lasted.

        Raises:
            LeadingRefusedError: this process may not write.
            StoreUnavailableError: Redis cannot be reached, or did not answer in time.
        """
        kept = str(int(keep_seconds))
        if not await self._run(
            "publish", self._board, self._term, str(term), encode_board(board).decode(), kept
        ):
            return False
        scores: list[str] = []
        for provider, held in board.providers.items():
            if held.last_score is not None:
                scores += [repr(held.last_score), provider]
        at = str(int(board.computed_at * 1000))
        await self._run("rank", self._ranking, self._guard, str(term.number), at, kept, *scores)
        return True

    async def _run(self, name: scripts.ScriptName, key: str, guard: str, *arguments: str) -> Any:
        try:
            reply = await self._reads.one("EVAL", scripts.source(name), 2, key, guard, *arguments)
        except StoreUnavailableError as error:
            if isinstance(error.__cause__, ResponseError):
                raise LeadingRefusedError(str(error)) from error
            raise
        if isinstance(reply, Exception):
            raise LeadingRefusedError(f"{key} holds something else") from reply
        return reply
