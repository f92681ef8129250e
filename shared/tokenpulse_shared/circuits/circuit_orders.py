"""Carry out a person's order to a breaker: hold it open, hold it closed, or let it begin anew."""

from typing import Final, cast

from tokenpulse_shared import scripts
from tokenpulse_shared.breaker import BreakerPolicy, Order, moves_of_order, ordered
from tokenpulse_shared.circuits.circuit_codec import decode_circuit
from tokenpulse_shared.circuits.circuit_moves import transition_call
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_reads import RedisReads

ROUNDS: Final = 10
"""How often an order is tried again when a writer moved the breaker meanwhile: twice in a row is rare."""
_WINDOW_SECONDS: Final = BreakerPolicy().window_seconds


async def order_circuit(
    reads: RedisReads, keyspace: Keyspace, series: tuple[str, str], order: Order, now: float
) -> None:
    """Move the breaker of (provider, model); every process knows it after its next flush. `now`: epoch seconds.

    Raises:
        StoreUnavailableError: Redis cannot be reached, refused, did not answer in time, or holds something else.
    """
    key = keyspace.circuit(*series)
    for _ in range(ROUNDS):
        fields = await reads.one("HGETALL", key)
        if not reads.usable(key, fields, dict):
            raise StoreUnavailableError("the breaker's key holds something else")
        before = decode_circuit(cast("dict[bytes, bytes]", fields), now, _WINDOW_SECONDS).circuit
        after = ordered(before, order, now)
        key, arguments = transition_call(keyspace, series, after, moves_of_order(before, after), now)
        # Arguments may be bytes: a command's words are, on the wire.
        words = cast("list[str | int]", arguments)
        if await reads.one("EVAL", scripts.source("transition"), 1, key, *words) == 1:
            return
    raise StoreUnavailableError("the breaker moved whenever it was to be")
