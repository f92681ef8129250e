"""Record without a thread, and read what a flush wrote."""

from typing import Any

import redis

from tokenpulse.recorder import Recorder
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.totals.totals import http_labels

KEYS = Keyspace()


def record_each(recorder: Recorder, provider: str, *models: str, **given: Any) -> None:
    """Record one call for each model."""
    for model in models:
        recorder.record(provider=provider, model=model, **given)


def total(client: redis.Redis, provider: str, model: str | None = None, field: str = "total_requests") -> int:
    """Return a counter of a series' totals, 0 when there is none."""
    return int(client.hget(KEYS.totals(provider, model), field) or 0)


def model_names(client: redis.Redis, provider: str) -> set[str]:
    """Return the models a provider's index lists."""
    return {name.decode() for name in client.zrange(KEYS.models(provider), 0, -1)}


def http_counts(client: redis.Redis) -> dict[tuple[str | int, ...], int]:
    """Return the app's HTTP counts by labels."""
    fields = client.hgetall(KEYS.http_totals("app"))
    labelled = {http_labels(name): count for name, count in fields.items()}
    return {labels: int(count) for labels, count in labelled.items() if labels is not None}


def series_totals(client: redis.Redis, provider: str, model: str | None = None) -> dict[str, int]:
    """Return every total of a series, without the writers' guards and without when it began."""
    fields = client.hgetall(KEYS.totals(provider, model))
    return {
        name.decode(): int(count)
        for name, count in fields.items()
        if not name.startswith((b"writer:", b"created"))
    }
