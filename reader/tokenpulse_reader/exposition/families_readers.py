"""Turn what readers count of themselves, with the batches of writers, into rows.

Names of `Facts.readers`: `queries:<table>:<operation>`, `query_us:<table>`, `hits:<cache>`, `misses:<cache>`,
`task_errors`, `anomaly:<type>`. Writers have the first two among their own counters.
"""

from collections.abc import Iterator, Mapping
from typing import Final

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.rows import Collector, Row, SummaryTotals

QUERY_COUNTERS: Final = ("queries", "query_us")
TASK_ERRORS: Final = "task_errors"


def query_counts(facts: Facts) -> Mapping[tuple[str, str], int]:
    """Return commands by (table, operation)."""
    counts: dict[tuple[str, str], int] = {}
    for name, count in _all(facts, "queries"):
        table, _, operation = name.partition(":")
        counts[table, operation] = counts.get((table, operation), 0) + count
    return counts


def query_durations(facts: Facts) -> Mapping[str, SummaryTotals]:
    """Return commands with the time they took, microseconds, by table."""
    tables: dict[str, int] = {}
    for (table, _), count in query_counts(facts).items():
        tables[table] = tables.get(table, 0) + count
    took: dict[str, int] = {}
    for table, microseconds in _all(facts, "query_us"):
        took[table] = took.get(table, 0) + microseconds
    return {table: SummaryTotals(count, took.get(table, 0)) for table, count in tables.items()}


def counted(facts: Facts, head: str) -> Mapping[str, int]:
    """Return readers' counters whose names begin with `head:`, by the rest of the name."""
    named = ((name.partition(":"), count) for name, count in (facts.readers or {}).items())
    return {rest: count for (first, separator, rest), count in named if separator and first == head}


def _all(facts: Facts, head: str) -> Iterator[tuple[str, int]]:
    yield from counted(facts, head).items()
    for app in facts.totals.apps:
        for name, count in app.internal.items():
            if name.startswith(f"{head}:"):
                yield name[len(head) + 1 :], count


def _queries(facts: Facts) -> Iterator[Row]:
    yield from sorted(query_counts(facts).items())


def _durations(facts: Facts) -> Iterator[Row]:
    for table, held in sorted(query_durations(facts).items()):
        yield (table,), held


def _caches(head: str) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for cache, count in sorted(counted(facts, head).items()):
            yield (cache,), count

    return collect


def _task_errors(facts: Facts) -> Iterator[Row]:
    if facts.readers is not None:
        yield (), facts.readers.get(TASK_ERRORS, 0)


READER_COLLECTORS: Final[dict[str, Collector]] = {
    "database_queries_total": _queries,
    "database_query_duration_seconds": _durations,
    "cache_hits_total": _caches("hits"),
    "cache_misses_total": _caches("misses"),
    "aggregation_task_errors_total": _task_errors,
}
