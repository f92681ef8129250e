"""The older interface, `RedisMetrics`, over the recorder and the store.

Writing goes through a `Recorder`: into memory at once, to Redis within a flush interval. Reading flushes
first, so that a caller reads what it wrote. Every key expires by itself.
"""

import asyncio
import os
from collections.abc import Sequence
from types import TracebackType
from typing import Self

from tokenpulse.recorder import Recorder
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore
from tokenpulse_shared.windows.errors_reader import RecentError

Number = float | int | None


class RedisMetrics:
    """Record requests one by one, read them back; belongs to the event loop it is used on.

    Every `get_…` raises `StoreUnavailableError` when Redis cannot be reached; `record_request` never does.

    Raises:
        SettingsError: a setting cannot be used.
    """

    def __init__(self, redis_url: str | None = None, *, clock: Clock | None = None, **given: object) -> None:
        settings = Settings.load(os.environ, redis_url=redis_url, **given)
        self._recorder = Recorder(settings=settings, clock=clock)
        self._store = MetricsStore(settings=settings, clock=clock)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Flush what waits, close the connections."""
        await self._recorder.aclose()
        await self._store.aclose()

    async def record_request(
        self,
        provider: str,
        model: str,
        latency_ms: float | None,
        success: bool,
        cost: float | None,
        tokens_input: int | None = 0,
        tokens_output: int | None = 0,
        error_message: str | None = None,
    ) -> None:
        """Count one request; `cost` in USD, None for what is not known. Never raises, never waits for Redis."""
        self._recorder.record(
            provider=provider,
            model=model,
            latency_ms=latency_ms,
            success=success,
            cost=cost,
            tokens_input=tokens_input,
            tokens_output=tokens_output,
            error_message=error_message,
        )

    async def get_provider_health(self, provider: str) -> float:
        """Return the health score over the last minutes, 0–100; 100.0 with too few requests to tell."""
        await self._flush()
        return (await self._store.provider_health(provider)).health.score

    async def get_all_provider_health(self) -> dict[str, float]:
        """Return every known provider's score."""
        await self._flush()
        return {
            provider: (await self._store.provider_health(provider)).health.score
            for provider in await self._store.providers()
        }

    async def get_recent_errors(self, provider: str, limit: int = 100) -> list[RecentError]:
        """Return the last errors, newest first; 100 at most are kept, for an hour."""
        await self._flush()
        return await self._store.recent_errors(provider, limit)

    async def get_hourly_stats(self, provider: str, hours: int = 24) -> dict[str, dict[str, Number]]:
        """Return `YYYY-MM-DD:HH` → counts and cost in USD, for the hours that have data, oldest first."""
        await self._flush()
        window = await self._store.hourly(provider, hours)
        return {
            hour: {
                "total_requests": row.requests,
                "successful_requests": row.successes,
                "failed_requests": row.failures,
                "tokens_input": row.count("tokens_input"),
                "tokens_output": row.count("tokens_output"),
                "total_cost": row.cost_usd,
            }
            for hour, row in window.by_hour().items()
        }

    async def get_latency_percentiles(
        self, provider: str, model: str, percentiles: Sequence[float] = (50, 95, 99)
    ) -> dict[str, Number]:
        """Return {count, avg, p50, p95, p99 …} over the last hour, in ms; None where there is no data."""
        await self._flush()
        row = (await self._store.model_window(provider, model, hours=1)).total()
        mean = row.mean_seconds("latency")
        answer: dict[str, Number] = {
            "count": row.count("latency_count"),
            "avg": None if mean is None else mean * 1000,
        }
        values = row.sketch("latency").quantiles(tuple(percentiles))
        for percentile, seconds in zip(percentiles, values, strict=True):
            answer[f"p{percentile:g}"] = None if seconds is None else seconds * 1000
        return answer

    async def _flush(self) -> None:
        await asyncio.get_running_loop().run_in_executor(None, self._recorder.flush)
