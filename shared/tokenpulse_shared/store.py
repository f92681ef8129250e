"""Everything that is read from Redis, with the little that readers write, as async methods.

Every method raises `StoreUnavailableError` when Redis cannot be reached, refuses, or does not answer in time.
A key that holds something else is left out, counted in `corrupt_keys`, and logged once. Times are Redis' own
unless a clock was given.
"""

import os
from collections.abc import Mapping
from typing import Self

from tokenpulse_shared.breaker import Order
from tokenpulse_shared.business_gauges import BusinessGauge, BusinessGauges, with_trials
from tokenpulse_shared.circuits.circuit_counters import CircuitCounters, load_circuit_counters
from tokenpulse_shared.circuits.circuit_orders import order_circuit
from tokenpulse_shared.circuits.circuits_reader import CircuitsReader, CircuitStatus
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.counters import PROVIDER_SKETCHED
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.fleet_counts import FleetCounts
from tokenpulse_shared.health.board_store import BoardStore
from tokenpulse_shared.health.health_window import LONGEST_MINUTES
from tokenpulse_shared.health.provider_health import ProviderHealth, compute_provider_health
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.post_keys import PostKeys
from tokenpulse_shared.read_counts import ReadCounts
from tokenpulse_shared.redis_client import connect_async
from tokenpulse_shared.redis_clock import RedisClock
from tokenpulse_shared.redis_reads import RedisReads
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.totals.totals_reader import TotalsReader
from tokenpulse_shared.totals.totals_records import Totals
from tokenpulse_shared.trial_records import TrialEvent, TrialPeriod
from tokenpulse_shared.trials import Trials
from tokenpulse_shared.windows.days_reader import DaysReader
from tokenpulse_shared.windows.errors_reader import RecentError, load_recent_errors
from tokenpulse_shared.windows.gateway_reader import GatewayHour, load_gateway_hour
from tokenpulse_shared.windows.index_reader import IndexReader
from tokenpulse_shared.windows.sealed_cache import SealedCache
from tokenpulse_shared.windows.series_reader import SeriesReader
from tokenpulse_shared.windows.series_window import Series, SeriesWindow
from tokenpulse_shared.windows.timespan import Span, hour_span, hours_span, minutes_span, window_span
from tokenpulse_shared.windows.windows_reader import WindowsReader


class MetricsStore:
    """Read the keyspace of one deployment; belongs to one event loop, takes concurrent calls."""

    def __init__(
        self, redis_url: str | None = None, *, settings: Settings | None = None, clock: Clock | None = None
    ) -> None:
        """Connect nothing yet. `redis_url` wins over `settings`, which are else taken from the environment.

        Raises:
            SettingsError: a setting has a wrong value.
        """
        self.settings = settings or Settings.load(os.environ, redis_url=redis_url)
        self.keyspace = Keyspace(self.settings.key_prefix)
        self._client = connect_async(redis_url or self.settings.redis_url)
        self.read_counts = ReadCounts(self.keyspace.prefix)
        self._reads = RedisReads(self._client, version_key=self.keyspace.version(), counts=self.read_counts)
        self._clock = RedisClock(self._reads, clock)
        self._index = IndexReader(self._reads, self.keyspace)
        self._windows = WindowsReader(self._reads, self.keyspace)
        self._last_hour = WindowsReader(self._reads, self.keyspace, SealedCache(PROVIDER_SKETCHED))
        self.series = SeriesReader(self._index, self._windows, DaysReader(self._reads, self.keyspace))
        self._circuits = CircuitsReader(self._reads, self.keyspace)
        self._totals = TotalsReader(self._reads, self.keyspace)
        self._fleet_counts = FleetCounts(self._reads, self.keyspace)
        self._trials = Trials(self._reads, self.keyspace, self.settings.trial_hash_key)
        self._gauges = BusinessGauges(self._reads, self.keyspace)
        self.boards = BoardStore(self._reads, self.keyspace)
        self.post_keys = PostKeys(self._reads, self.keyspace)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    async def aclose(self) -> None:
        """Close the connections; a store is of no use after it."""
        await self._client.aclose()

    @property
    def corrupt_keys(self) -> int:
        """Return how often a key was left out because it holds something else."""
        return self._reads.corrupt_keys.count

    async def ping(self) -> None:
        """Ask Redis for a sign of life."""
        await self._reads.one("PING")

    async def now(self) -> float:
        """Return epoch seconds, as Redis or the clock given has them."""
        return await self._clock.now()

    async def providers(self) -> list[str]:
        """Return the providers known, sorted by name."""
        return await self._index.providers()

    async def has_provider(self, provider: str) -> bool:
        """Tell whether the provider was ever seen, as long as it is remembered."""
        return await self._index.has_provider(provider)

    async def models(self, provider: str) -> list[str]:
        """Return the models known of a provider, sorted by name."""
        return (await self._index.models([provider]))[provider]

    async def gateways(self) -> list[str]:
        """Return the gateways known, sorted by name."""
        return await self._index.gateways()

    async def providers_of(self, model: str) -> list[str]:
        """Return the providers that know the model, sorted by name."""
        return await self._index.providers_of(model)

    async def provider_windows(self, hours: int) -> list[SeriesWindow]:
        """Return every provider's last hours, by name; minutes up to 2 hours, hours of the clock beyond."""
        return await self.windows_of(await self.providers(), window_span(await self.now(), hours))

    async def last_hour(self, providers: list[str]) -> list[SeriesWindow]:
        """Return the last hour of the providers by minute, in order; for one caller who asks again and again."""
        span = minutes_span(await self.now(), 60)
        return await self._last_hour.load(
            [Series(provider, None) for provider in providers], span, PROVIDER_SKETCHED
        )

    async def windows_of(self, providers: list[str], span: Span) -> list[SeriesWindow]:
        """Return the providers' windows over one span, in order."""
        return await self._windows.load([Series(provider, None) for provider in providers], span)

    async def provider_window(
        self, provider: str, *, hours: int | None = None, minutes: int | None = None
    ) -> SeriesWindow:
        """Return a provider's last hours or minutes (up to 120)."""
        return await self._window(Series(provider, None), hours, minutes)

    async def model_window(
        self, provider: str, model: str, *, hours: int | None = None, minutes: int | None = None
    ) -> SeriesWindow:
        """Return the last hours or minutes (up to 120) of one model of a provider."""
        return await self._window(Series(provider, model), hours, minutes)

    async def model_windows(self, provider: str, *, hours: int) -> list[SeriesWindow]:
        """Return the last hours of each model of a provider, by name."""
        span = window_span(await self.now(), hours)
        return await self._windows.load(
            [Series(provider, model) for model in await self.models(provider)], span
        )

    async def hourly(self, provider: str, hours: int, model: str | None = None) -> SeriesWindow:
        """Return the last hours of the clock, the current one among them, a row for each with data."""
        span = hours_span(await self.now(), hours)
        return (await self._windows.load([Series(provider, model)], span))[0]

    async def provider_hour(self, provider: str, start: int) -> tuple[SeriesWindow, list[SeriesWindow]]:
        """Return the hour of the clock that begins at `start`: the provider's, then each of its models'."""
        names: list[str | None] = [None, *await self.models(provider)]
        span = hour_span(start, await self.now())
        whole, *models = await self._windows.load([Series(provider, name) for name in names], span, ())
        return whole, models

    async def model_hour(self, model: str, start: int) -> list[SeriesWindow]:
        """Return the hour of the clock that begins at `start`, for each provider that knows the model."""
        span = hour_span(start, await self.now())
        wanted = [Series(provider, model) for provider in await self.providers_of(model)]
        return await self._windows.load(wanted, span, ())

    async def model_over(self, model: str, span: Span) -> list[SeriesWindow]:
        """Return a span of a model, counters only, for each provider that knows it."""
        wanted = [Series(provider, model) for provider in await self.providers_of(model)]
        return await self._windows.load(wanted, span, ())

    async def gateway_hour(self, gateway: str, start: int) -> GatewayHour | None:
        """Return the hour of the clock that begins at `start`; None when the gateway was never seen."""
        if not await self._index.has_gateway(gateway):
            return None
        return await load_gateway_hour(self._reads, self.keyspace, gateway, start)

    async def provider_health(self, provider: str) -> ProviderHealth:
        """Return a provider's health as the readers' leader last computed it, else computed now.

        A provider never seen has no samples: `unknown`.
        """
        board = await self.boards.load()
        held = None if board is None else board.providers.get(provider)
        if held is not None:
            return held
        window = await self.provider_window(provider, minutes=LONGEST_MINUTES)
        return compute_provider_health(window, self.settings.acceptable_latency)

    async def recent_errors(self, provider: str, limit: int = 100) -> list[RecentError]:
        """Return a provider's last errors, newest first; at most 100 are kept, for an hour."""
        return await load_recent_errors(self._reads, self.keyspace, provider, limit)

    async def latency_quantiles(
        self,
        provider: str,
        model: str,
        percentiles: tuple[float, ...],
        *,
        quantity: str = "latency",
        hours: int = 1,
    ) -> list[float | None]:
        """Return the nearest-rank seconds of each percentile in (0, 100]; None without data."""
        window = await self.model_window(provider, model, hours=hours)
        return window.total().sketch(quantity).quantiles(percentiles)

    async def circuits(self) -> list[CircuitStatus]:
        """Return the breaker of every known series, by provider, then model."""
        now, known = await self.now(), await self._index.models(await self.providers())
        return await self._circuits.load(
            [(provider, model) for provider, models in known.items() for model in models], now
        )

    async def order_circuit(self, provider: str, model: str, order: Order) -> CircuitStatus | None:
        """Hold a breaker open or closed, or reset it; return what it is then, None for a model never seen."""
        if not await self._index.has_model(provider, model):
            return None
        now = await self.now()
        await order_circuit(self._reads, self.keyspace, (provider, model), order, now)
        return next(iter(await self._circuits.load([(provider, model)], now)), None)

    async def circuit_counters(self) -> dict[str, CircuitCounters]:
        """Return what the breakers of each provider counted, by name; none for one whose breakers saw nothing."""
        providers = [*await self.providers(), OTHER]
        return await load_circuit_counters(self._reads, self.keyspace, list(dict.fromkeys(providers)))

    async def totals(self) -> Totals:
        """Return every counter that only grows; one load at a time."""
        return await self._totals.load()

    async def count_in_fleet(self, counters: Mapping[str, int], events: Mapping[str, str]) -> dict[str, int]:
        """Return what all readers counted of themselves, this one's included; see `FleetCounts.add`."""
        return await self._fleet_counts.add(counters, events, await self.now())

    async def record_trial_event(self, user_id: str, event: TrialEvent, plan: str | None = None) -> bool:
        """Count an event of a user's trial once; return whether it was new. The id is kept as a digest only.

        Raises:
            TrialsFullError: too many users are remembered.
        """
        return await self._trials.record(user_id, event, plan, await self.now())

    async def trials(self, days: int) -> TrialPeriod:
        """Return what happened to trials on the last days of the calendar in UTC, today among them."""
        return await self._trials.load(days, await self.now())

    async def post_gauges(self, values: Mapping[str, Mapping[tuple[str, ...], int]]) -> None:
        """Replace each gauge named by its values by label values; see `business_gauges`."""
        await self._gauges.post(values, await self.now())

    async def gauges(self) -> list[BusinessGauge]:
        """Return the gauges posted, by name and labels, with `trial_active` from the trials unless posted."""
        now = await self.now()
        return with_trials(await self._gauges.load(now), await self._trials.states())

    async def _window(self, series: Series, hours: int | None, minutes: int | None) -> SeriesWindow:
        now = await self.now()
        span = minutes_span(now, minutes) if minutes is not None else window_span(now, hours or 1)
        return (await self._windows.load([series], span))[0]


__all__ = ["MetricsStore", "StoreUnavailableError"]
