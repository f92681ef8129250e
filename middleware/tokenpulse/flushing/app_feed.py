"""Put in flight what belongs to no provider: gateways, plain HTTP, what tokenpulse counts of itself."""

from tokenpulse.batches.batch import gateway_batch, http_batch
from tokenpulse.batches.numbered_batch import Group
from tokenpulse.flushing.series_names import SeriesNames
from tokenpulse.flushing.sources import Sources
from tokenpulse.writing.journal import Journal
from tokenpulse.writing.redis_writer import RedisWriter
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.totals.totals import http_field


class AppFeed:
    """Carry an app's counts from the aggregators to the writer; used by the flush thread only."""

    def __init__(
        self,
        names: SeriesNames,
        sources: Sources,
        settings: Settings,
        writer: RedisWriter,
        journal: Journal,
    ) -> None:
        self._names = names
        self._series = sources.series
        self._http = sources.http
        self._guard = sources.guard
        self._take_own_counters = sources.take_own_counters
        self._app_name = settings.app_name
        self._keys = Keyspace(settings.key_prefix)
        self._writer = writer
        self._journal = journal

    def has_waiting(self) -> bool:
        """Tell whether something waits that is not in flight."""
        return bool(self._series.waiting_gateways()) or self._http.has_waiting()

    def enqueue_gateways(self, now: float) -> None:
        """Put gateways' hours in flight; `now` is epoch seconds.

        Raises:
            redis.RedisError: their names could not be asked for; they wait.
            OSError: the same, in a way the driver does not translate.
        """
        gateways = self._series.waiting_gateways()
        if refused := self._names.refused_gateways(gateways, now):  # count under `__other__` from now on
            self._guard.count("overflow:gateway", len(refused))
            # With nothing of theirs still queued.
            self._journal.cut(lambda: self._series.refuse_gateways(refused))
        for gateway in gateways:
            self._enqueue_gateway(gateway)

    def _enqueue_gateway(self, gateway: str) -> None:
        group = Group("gateway", gateway)
        if group not in self._writer.in_flight:
            hours, cut = self._journal.cut(lambda: self._series.take_gateway(gateway))
            self._names.drop_unknown_models(hours.values())
            payload = gateway_batch(self._keys, gateway, hours)
            self._writer.enqueue(group, self._keys.gateway_guard(gateway), payload, 0, cut)

    def enqueue_http(self, now: float, *, with_own_counters: bool) -> None:
        """Put plain HTTP counts in flight; `now` is epoch seconds.

        Raises:
            redis.RedisError: the routes could not be asked for; the counts wait.
            OSError: the same, in a way the driver does not translate.
        """
        group = Group("http", self._app_name)
        if group in self._writer.in_flight or not (with_own_counters or self._http.has_waiting()):
            return
        guard, http = self._guard, self._http
        for what, requests in {**self._series.take_overflow(), "route": http.take_overflow()}.items():
            if requests:
                guard.count(f"overflow:{what}", requests)
        refused = self._names.refused_routes(http.routes(), now)
        delta, cut = self._journal.cut(http.detach)
        if refused:
            guard.count("overflow:route", delta.lump(refused))
        fields = delta.fields()
        added = self._take_own_counters()
        fields.update((http_field("internal", name), count) for name, count in added.items())
        if fields:
            payload = http_batch(self._keys, self._app_name, fields)
            self._writer.enqueue(group, self._keys.http_totals(self._app_name), payload, 0, cut)
