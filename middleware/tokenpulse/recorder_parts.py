"""Make the parts that a recorder works with, and hand them to each other."""

from collections.abc import Callable
from typing import NamedTuple

import redis

from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.aggregation.http_aggregate import HttpAggregator
from tokenpulse.aggregation.intake import Intake
from tokenpulse.breakers.breaker_state import BreakerState
from tokenpulse.bucket_clock import BucketClock
from tokenpulse.flushing.flush import Flusher
from tokenpulse.flushing.pipeline import Pipeline
from tokenpulse.flushing.sources import Sources
from tokenpulse.guard import Guard
from tokenpulse.spill.spill import Spill
from tokenpulse.writing.journal import NO_JOURNAL, Journal
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.redis_client import connect
from tokenpulse_shared.settings import Settings


class RecorderParts(NamedTuple):
    """Hold what one recorder has in one process; `spill` is None unless it spills."""

    guard: Guard
    bucket_clock: BucketClock
    series: Aggregator
    spill: Spill | None
    intake: Intake
    client: redis.Redis
    pipeline: Pipeline
    flusher: Flusher
    breaker_state: BreakerState


def make_parts(
    settings: Settings,
    clock: Clock,
    in_progress: Callable[[], list[tuple[str, str, int]]],
    *,
    follows_server: bool,
) -> RecorderParts:
    """Return fresh parts; nothing connects, starts or is written before the first record.

    `in_progress` returns [(method, route, count)]; `follows_server`: windows are named by Redis's time.

    Raises:
        SettingsError: `redis_url` names a store that is not installed.
    """
    guard = Guard(clock, raises=settings.raise_internal_errors)
    bucket_clock = BucketClock(clock, follows_server=follows_server)
    series = Aggregator(max_providers=settings.max_providers, max_models=settings.max_models_per_provider)
    http = HttpAggregator(max_routes=settings.max_routes)
    spill: Spill | None = None
    intake: Intake = Intake(series, http, guard, bucket_clock)
    journal: Journal = NO_JOURNAL
    if settings.spill_path is not None:
        replay_clock = BucketClock(clock, follows_server=follows_server)
        spill = Spill(settings, series, http, guard, bucket_clock, replay_clock, _replay_client(settings))
        intake = journal = spill.intake
    client = connect(settings.redis_url, name="tokenpulse-writer")
    sources = Sources(series, http, guard, intake.settle, in_progress, guard.drain)
    breaker_state = BreakerState.empty(settings, clock)
    pipeline = Pipeline(client, sources, settings, bucket_clock, breaker_state, journal)
    flusher = Flusher(pipeline, guard, clock, settings.flush_interval)
    return RecorderParts(guard, bucket_clock, series, spill, intake, client, pipeline, flusher, breaker_state)


def _replay_client(settings: Settings) -> Callable[[], redis.Redis]:
    """Return what connects a thread of its own: a failure there closes no connection that a flush uses."""
    return lambda: connect(settings.redis_url, name="tokenpulse-replay")
