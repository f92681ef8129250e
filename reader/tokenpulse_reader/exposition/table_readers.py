"""Rows of the metric table on what readers and writers ask of Redis, and on what readers keep."""

from typing import Final

from tokenpulse_reader.exposition.metric import MICROSECONDS, Metric

READERS: Final[tuple[Metric, ...]] = (
    Metric(
        name="database_queries_total",
        kind="counter",
        category="system",
        labels=("table", "operation"),
        help=(
            "Commands to Redis by kind of key: those of readers, and as table batches the batches that writers "
            "had applied."
        ),
    ),
    Metric(
        name="database_query_duration_seconds",
        kind="summary",
        category="system",
        labels=("table",),
        help=(
            "Time from sending commands to their replies, in seconds; commands sent together took an equal share "
            "of it each."
        ),
        sum_divisor=MICROSECONDS,
    ),
    Metric(
        name="cache_hits_total",
        kind="counter",
        category="system",
        labels=("cache_name",),
        help=(
            "Answers readers made from memory: of the snapshot, of windows loaded a moment before, or, as "
            "cache_name answers, sent again byte for byte."
        ),
    ),
    Metric(
        name="cache_misses_total",
        kind="counter",
        category="system",
        labels=("cache_name",),
        help="Answers for which readers had to load something, or to make them anew.",
    ),
    Metric(
        name="aggregation_task_errors_total",
        kind="counter",
        category="system",
        labels=(),
        help="Snapshots readers could not load or render, for whatever reason.",
    ),
)
