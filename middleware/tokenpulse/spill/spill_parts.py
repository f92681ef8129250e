"""Sort what a process left behind by who is to send it.

Invariant: a record is in as many parts as it has groups that Redis may lack: its provider's, its gateway's.
"""

from typing import Final

from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.aggregation.http_aggregate import HttpAggregator
from tokenpulse.batches.numbered_batch import Group
from tokenpulse.sink import HttpExchange
from tokenpulse.spill.spill_fates import Fates, Sent
from tokenpulse.spill.spill_history import Record
from tokenpulse.writing.redis_writer import GUARD_MAY_BE_SWEPT_SECONDS
from tokenpulse_shared.names import OTHER, clean_name
from tokenpulse_shared.records import Observation
from tokenpulse_shared.settings import Settings

_ANY_NUMBER: Final = 1_000_000
"""Providers are not bounded again: what is in a log was within bounds when it was written."""


class PartSeries(Aggregator):
    """Fold observations into their provider's delta and into their gateway's separately."""

    def fold_provider(self, observation: Observation, now: float) -> None:
        """Count one observation for its provider alone."""
        self.fold(observation._replace(gateway=None), now)

    def fold_gateway(self, gateway: str, observation: Observation, now: float) -> None:
        """Count one observation for its gateway alone."""
        with self._lock:
            self._gateways.fold(gateway, observation, int(now // 60))


class Part:
    """Gather what one writer is to send; `resumed`: group → sequence before the batch to send again."""

    def __init__(self, settings: Settings) -> None:
        self.series = PartSeries(max_providers=_ANY_NUMBER, max_models=settings.max_models_per_provider)
        self.http = HttpAggregator(max_routes=settings.max_routes)
        self.resumed: dict[Group, int] = {}


class Parts:
    """Gather `doubtful`, by the id of the writer that may have sent it, and `fresh`, what nobody has sent.

    `now`: epoch seconds. `expired` counts the observations of batches so old that Redis no longer knows whether
    it has them: they are in no part, for nothing is counted twice.
    """

    def __init__(self, settings: Settings, fates: Fates, app_name: str, now: float) -> None:
        self._settings = settings
        self._fates = fates
        self._http_group = Group("http", app_name)
        self._now = now
        self.doubtful: dict[str, Part] = {}
        self.fresh = Part(settings)
        self.records = 0
        """Observations and exchanges of which something is to be sent."""
        self.expired = 0

    def add(self, record: Record) -> None:
        """Sort one record."""
        value = record.value
        if isinstance(value, HttpExchange):
            part = self._part(self._fates.find(self._http_group, record.position))
            if part is not None:
                part.http.fold(value)
            self.records += part is not None
            return
        parts = self._add_provider(value, record), self._add_gateway(value, record)
        self.records += any(part is not None for part in parts)

    def _add_provider(self, observation: Observation, record: Record) -> Part | None:
        sent = self._fates.find(Group("provider", observation.provider), record.position)
        part = self._part(sent)
        if part is not None:
            if sent is not None and sent.batch.group.name != observation.provider:  # moved before it was sent
                observation = observation._replace(provider=OTHER, model=OTHER)
            part.series.fold_provider(observation, record.now)
        elif sent is not None and not sent.is_acknowledged:
            self.expired += 1
        return part

    def _add_gateway(self, observation: Observation, record: Record) -> Part | None:
        if observation.gateway is None:
            return None
        group = Group("gateway", clean_name(observation.gateway))
        part = self._part(self._fates.find(group, record.position))
        if part is not None:
            part.series.fold_gateway(group.name, observation, record.now)
        return part

    def _part(self, sent: Sent | None) -> Part | None:
        """Return where a record goes that went into a batch, or into none; None: nowhere."""
        if sent is None:
            return self.fresh
        if sent.is_acknowledged or self._now - sent.batch.at > GUARD_MAY_BE_SWEPT_SECONDS:
            return None
        part = self.doubtful.get(sent.writer_id)
        if part is None:
            part = self.doubtful[sent.writer_id] = Part(self._settings)
        part.resumed[sent.batch.group] = sent.batch.previous
        return part
