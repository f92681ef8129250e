"""Take deltas, make them batches, have them applied: one flush, in order.

Invariant: nothing is taken from an aggregator unless it becomes a batch in flight in the same breath, so that
an exception at any point loses nothing.
"""

import threading
import time
from collections.abc import Callable
from typing import Final, NamedTuple

import redis

from tokenpulse.admission import Admission
from tokenpulse.aggregate import Aggregator
from tokenpulse.batch import ProviderBatch, gateway_batch, http_batch
from tokenpulse.breakers import Breakers
from tokenpulse.bucket_clock import BucketClock
from tokenpulse.guard import Guard
from tokenpulse.http_aggregate import HttpAggregator
from tokenpulse.operations import Calls
from tokenpulse.provider_delta import ProviderDelta
from tokenpulse.redis_writer import Batch, Group, RedisWriter
from tokenpulse.sealer import Sealer
from tokenpulse.writer_report import WriterReport
from tokenpulse_shared.keyspace import TOTALS_RETENTION_SECONDS, Keyspace
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.totals import http_field

REPORT_SECONDS: Final = 5.0
"""How often an idle writer says that it lives, and the project's own counters travel."""


class Sources(NamedTuple):
    """Name what a flush takes from.

    `settle` brings what is still queued into the aggregators; `in_progress` returns [(method, route, count)].
    """

    series: Aggregator
    http: HttpAggregator
    guard: Guard
    settle: Callable[[], None]
    in_progress: Callable[[], list[tuple[str, str, int]]]


class Pipeline:
    """Flush what waits; hold `lock` while calling."""

    def __init__(self, client: redis.Redis, sources: Sources, settings: Settings, clock: BucketClock) -> None:
        self.lock = threading.Lock()
        self._client = client
        self._sources = sources
        self._settings = settings
        self._clock = clock
        self._keys = Keyspace(settings.key_prefix)
        self.writer = RedisWriter(client, sources.guard)
        models = settings.max_models_per_provider
        self._models = Admission(client, most=models, ttl_seconds=TOTALS_RETENTION_SECONDS)
        self._providers = Admission(client, most=settings.max_providers, ttl_seconds=0)
        self._breakers = Breakers(client, self._keys, sources.guard)
        self._sealer = Sealer(client, self._keys, sources.guard)
        self._calls: dict[Group, list[Calls]] = {}
        self._reported_at = float("-inf")
        self._writer_report = WriterReport(
            client, self._keys.writers(settings.app_name), self.writer.writer_id, clock.now()
        )
        self._was_in_progress = False

    def flush(self) -> bool:
        """Apply what is in flight and what waits; return whether nothing waits any more.

        Raises:
            redis.RedisError: Redis could not be reached, or refused everything.
            OSError: the connection broke in a way the driver does not translate.
        """
        self._sources.settle()
        self._enqueue_providers(self._clock.now())
        for gateway in self._sources.series.waiting_gateways():
            self._enqueue_gateway(gateway)
        due = time.monotonic() - self._reported_at >= REPORT_SECONDS
        self._enqueue_http(with_own_counters=due)
        if self.writer.in_flight:
            asked_at = self._clock.now()
            done = self.writer.push()
            assert self.writer.server_time is not None  # a push that returns had a reply
            self._clock.synchronise(self.writer.server_time, asked_at)
            self._finish(done)
        in_progress = self._sources.in_progress()
        if due or in_progress or self._was_in_progress:
            self._report(in_progress)
        self._was_in_progress = bool(in_progress)
        self._sealer.seal_due()
        return not self.has_waiting()

    def has_waiting(self) -> bool:
        """Tell whether anything was recorded that is not in Redis."""
        self._sources.settle()
        series, http = self._sources.series, self._sources.http
        return bool(
            self.writer.in_flight or series.waiting() or series.waiting_gateways() or http.has_waiting()
        )

    def _enqueue_providers(self, now: float) -> None:
        series = self._sources.series
        for provider in series.waiting():
            if provider != OTHER:
                self._enqueue_provider(provider, now)
        if OTHER in series.waiting():  # last, for it takes what the others were refused
            self._enqueue_provider(OTHER, now)

    def _enqueue_provider(self, provider: str, now: float) -> None:
        group, series = Group("provider", provider), self._sources.series
        if group in self.writer.in_flight or (delta := series.take(provider)) is None:
            return
        try:
            refused = self._refused(provider, delta, now)
        except BaseException:
            series.give_back(provider, delta)
            raise
        if refused is None:
            self._sources.guard.count("overflow:provider", delta.observations)
            series.give_back(OTHER, delta, rename=OTHER)
            return
        if refused:
            self._sources.guard.count("overflow:model", delta.lump(refused))
        observations = delta.observations
        payload, self._calls[group] = ProviderBatch(self._keys, provider, now).build(delta)
        self.writer.enqueue(group, self._keys.totals(provider), payload, observations)

    def _refused(self, provider: str, delta: ProviderDelta, now: float) -> set[str] | None:
        """Return the models that are not admitted; None when the provider is not."""
        monotonic = time.monotonic()
        vouched = {provider: delta.is_vouched}
        if self._providers.resolve(self._keys.providers(), vouched, now, monotonic):
            return None
        key = self._keys.models(provider)
        refused = self._models.resolve(key, delta.models(), now, monotonic)
        self._sources.series.known[provider] = self._models.admitted[key]
        return refused

    def _enqueue_gateway(self, gateway: str) -> None:
        group = Group("gateway", gateway)
        if group not in self.writer.in_flight:
            payload = gateway_batch(self._keys, gateway, self._sources.series.take_gateway(gateway))
            self.writer.enqueue(group, self._keys.gateway_guard(gateway), payload, 0)

    def _enqueue_http(self, *, with_own_counters: bool) -> None:
        group = Group("http", self._settings.app_name)
        if group in self.writer.in_flight or not (with_own_counters or self._sources.http.has_waiting()):
            return
        guard, http = self._sources.guard, self._sources.http
        for what, requests in {**self._sources.series.take_overflow(), "route": http.take_overflow()}.items():
            if requests:
                guard.count(f"overflow:{what}", requests)
        fields = http.take()
        added = guard.drain()
        fields.update((http_field("internal", name), count) for name, count in added.items())
        if fields:
            payload = http_batch(self._keys, self._settings.app_name, fields)
            self.writer.enqueue(group, self._keys.http_totals(self._settings.app_name), payload, 0)

    def _finish(self, done: list[Batch]) -> None:
        guard, now = self._sources.guard, int(self._clock.now())
        guard.count("flushes")
        with self._client.pipeline(transaction=False) as pipeline:
            for batch in done:
                kind, name = batch.group
                guard.count("batches")
                if kind == "provider":
                    guard.count("observations", batch.observations)
                    pipeline.zadd(self._keys.providers(), {name: now}, gt=True)
                    self._sealer.note(name)
                elif kind == "gateway":
                    pipeline.zadd(self._keys.gateways(), {name: now}, gt=True)
                else:
                    pipeline.zadd(self._keys.apps(), {name: now}, gt=True)
            replies = pipeline.execute(raise_on_error=False)
        for refusal in (reply for reply in replies if isinstance(reply, Exception)):
            guard.fault("redis_key_refused")
            guard.say("an index refused names", str(refusal))
        for batch in done:
            if calls := self._calls.pop(batch.group, None):
                self._breakers.look(batch.group.name, calls, self._clock.now())

    def _report(self, in_progress: list[tuple[str, str, int]]) -> None:
        now = self._clock.now()
        stats = {
            "pending_batches": len(self.writer.in_flight),
            "series": self._sources.series.series_count(),
            "last_flush": now,
        }
        if not self._writer_report.send(now, in_progress, stats):
            self._sources.guard.fault("redis_key_refused")
        self._reported_at = time.monotonic()

    def withdraw(self) -> None:
        """Take this writer's report back: it has ended.

        Raises:
            redis.RedisError: Redis could not be reached; the report goes stale within seconds by itself.
        """
        self._writer_report.withdraw()
