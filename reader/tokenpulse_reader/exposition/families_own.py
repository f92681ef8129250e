"""Turn what Redis says of itself, with tokenpulse's own counters, into rows."""

from collections.abc import Callable, Iterator
from typing import Final

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.families_readers import QUERY_COUNTERS
from tokenpulse_reader.exposition.rows import Collector, Row
from tokenpulse_reader.exposition.table_own import CAUSED_COUNTERS, PLAIN_COUNTERS
from tokenpulse_reader.exposition.table_redis import REDIS_NUMBERS
from tokenpulse_shared.totals.totals_records import WriterReport


def _redis_number(field: str) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        info = facts.totals.redis
        if info is not None and field in info.numbers:
            yield (), info.numbers[field]

    return collect


def _redis_keys(facts: Facts) -> Iterator[Row]:
    if facts.totals.redis is not None:
        for database, count in sorted(facts.totals.redis.keys.items()):
            yield (database,), count


def _plain(counter: str) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for app in facts.totals.apps:
            if counter in app.internal:
                yield (app.name,), app.internal[counter]

    return collect


def _caused(kind: str) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for app in facts.totals.apps:
            for name, count in sorted(app.internal.items()):
                head, separator, cause = name.partition(":")
                if separator and head == kind:
                    yield (app.name, cause), count

    return collect


def _other(facts: Facts) -> Iterator[Row]:
    for app in facts.totals.apps:
        for name, count in sorted(app.internal.items()):
            head, separator, _ = name.partition(":")
            is_elsewhere = head in CAUSED_COUNTERS or head in QUERY_COUNTERS
            if not (separator and is_elsewhere) and name not in PLAIN_COUNTERS:
                yield (app.name, name), count


def _writers(facts: Facts) -> Iterator[Row]:
    for app in facts.totals.apps:
        yield (app.name,), len(facts.totals.fresh_writers(app))


def _of_writer(value: Callable[[WriterReport], float | None]) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for app in facts.totals.apps:
            for report in facts.totals.fresh_writers(app):
                number = value(report)
                if number is not None:
                    yield (app.name, report.writer), number

    return collect


def _staleness(facts: Facts) -> Iterator[Row]:
    collect = _of_writer(
        lambda report: (
            None
            if report.last_flush is None
            else max(0.0, round(facts.totals.taken_at - report.last_flush, 3))
        )
    )
    yield from collect(facts)


def _always(value: Callable[[Facts], float]) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        yield (), value(facts)

    return collect


OWN_COLLECTORS: Final[dict[str, Collector]] = {
    "redis_up": _always(lambda facts: int(facts.is_redis_up)),
    **{name: _redis_number(field) for name, (field, _, _) in REDIS_NUMBERS.items()},
    "redis_db_keys": _redis_keys,
    **{metric: _plain(counter) for counter, (metric, _) in PLAIN_COUNTERS.items()},
    **{metric: _caused(kind) for kind, (metric, _, _) in CAUSED_COUNTERS.items()},
    "tokenpulse_internal_total": _other,
    "tokenpulse_writers": _writers,
    "tokenpulse_writer_pending_batches": _of_writer(lambda report: report.pending_batches),
    "tokenpulse_writer_pending_observations": _of_writer(lambda report: report.pending_observations),
    "tokenpulse_writer_staleness_seconds": _staleness,
    "tokenpulse_writer_clock_offset_seconds": _of_writer(lambda report: report.clock_offset_seconds),
    "tokenpulse_writer_last_flush_timestamp_seconds": _of_writer(lambda report: report.last_flush),
    "tokenpulse_corrupt_keys": _always(lambda facts: len(facts.totals.corrupt_keys)),
    "tokenpulse_unreadable_fields": _always(lambda facts: facts.totals.unreadable_fields),
    "tokenpulse_snapshot_age_seconds": _always(lambda facts: round(facts.age_seconds, 3)),
}
