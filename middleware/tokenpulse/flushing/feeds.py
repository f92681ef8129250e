"""Put in flight all that waits: of providers, of the app."""

from functools import partial

import redis

from tokenpulse.batches.numbered_batch import Group
from tokenpulse.batches.operations import Calls
from tokenpulse.flushing.app_feed import AppFeed
from tokenpulse.flushing.provider_feed import ProviderFeed
from tokenpulse.flushing.series_names import SeriesNames
from tokenpulse.flushing.sources import Sources
from tokenpulse.writing.journal import Journal
from tokenpulse.writing.redis_writer import RedisWriter
from tokenpulse_shared.connections.redis_failures import describe_failure
from tokenpulse_shared.settings import Settings


class Feeds:
    """Feed one writer; used by the flush thread only. `now` is epoch seconds throughout."""

    def __init__(
        self,
        names: SeriesNames,
        sources: Sources,
        settings: Settings,
        writer: RedisWriter,
        journal: Journal,
    ) -> None:
        self._names = names
        self._guard = sources.guard
        self._writer = writer
        self._providers = ProviderFeed(names, sources.series, sources.guard, settings, writer, journal)
        self._app = AppFeed(names, sources, settings, writer, journal)

    def has_waiting(self) -> bool:
        """Tell whether something waits that is not in flight."""
        return self._providers.has_waiting() or self._app.has_waiting()

    def held_providers(self) -> list[str]:
        """Return the providers of which something waits that was taken from the aggregator."""
        return self._providers.held()

    def series_count(self) -> int:
        """Return how many series' deltas memory holds."""
        return self._providers.series_count()

    def take_calls(self, group: Group) -> list[Calls]:
        """Return the calls of a batch that Redis has, once."""
        return self._providers.take_calls(group)

    def set_aside(self, now: float) -> None:
        """Hold in few bytes what waits, for Redis does not take it."""
        self._providers.set_aside(now)

    def enqueue(self, now: float, *, with_own_counters: bool, with_providers: bool) -> None:
        """Put everything in flight; in a cluster, names that cannot be asked for hold up nobody else.

        `with_providers`: else those follow by `enqueue_providers`.

        Raises:
            redis.RedisError: names could not be asked for, and nothing is in flight.
            OSError: the same, in a way the driver does not translate.
        """
        self._names.foresee(now)
        failures = self._providers.enqueue(now) if with_providers else []
        steps = (
            partial(self._app.enqueue_gateways, now),
            partial(self._app.enqueue_http, now, with_own_counters=with_own_counters),
        )
        for step in steps:
            try:
                step()
            except (redis.RedisError, OSError) as error:
                failures.append(error)
        if failures and not self._writer.in_flight:
            raise failures[0]
        self._say(failures)

    def enqueue_providers(self, now: float) -> None:
        """Put more of providers in flight."""
        self._say(self._providers.enqueue(now))

    def _say(self, failures: list[Exception]) -> None:
        if failures:
            failure = describe_failure(failures[0]).text
            self._guard.say("names could not be asked for, counts wait", failure)
