"""Read what a gateway did in an hour."""

from dataclasses import dataclass

from tokenpulse_shared.keyspace import Keyspace, stamp
from tokenpulse_shared.redis_reads import RedisReads
from tokenpulse_shared.totals.totals import GATEWAY_FIELDS


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayHour:
    """Hold a gateway's hour; `average_latency_seconds` is None when nothing was measured."""

    gateway: str
    hour: str
    success: int
    errors: int
    average_latency_seconds: float | None
    model_count: int


async def load_gateway_hour(reads: RedisReads, keyspace: Keyspace, gateway: str, start: int) -> GatewayHour:
    """Return the hour of the clock that begins at `start` (epoch seconds); zeros when nothing happened in it.

    Raises:
        StoreUnavailableError: Redis cannot be reached, refused, or did not answer in time.
    """
    hour = stamp("hour", start)
    keys = keyspace.gateway_hour(gateway, hour), keyspace.gateway_models(gateway, hour)
    counted, models = await reads.batch(
        [("HMGET", keys[0], *GATEWAY_FIELDS), ("ZCARD", keys[1])], atomic=True
    )
    values = [0] * len(GATEWAY_FIELDS)
    if reads.usable(keys[0], counted, list):
        try:
            values = [int(value or 0) for value in counted]
        except ValueError as error:
            reads.corrupt_keys.note(keys[0], error)
    success, errors, latency_us, latency_count = values
    return GatewayHour(
        gateway=gateway,
        hour=hour,
        success=success,
        errors=errors,
        average_latency_seconds=latency_us / latency_count / 1e6 if latency_count else None,
        model_count=models if reads.usable(keys[1], models, int) else 0,
    )
