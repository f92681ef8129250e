"""Judge what is in the keyspace, pure: writers, series, what was lost, keys of others."""

from collections.abc import Iterator
from typing import Final

from tokenpulse_reader.cli.doctor.advice import KEYSPACE_ADVICE
from tokenpulse_reader.cli.doctor.check import Check, failure, passed, warning
from tokenpulse_shared.errors import KeyspaceVersionError
from tokenpulse_shared.keyspace_version import KEYSPACE_VERSION, check_readable, parse_version
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.totals.totals_records import FRESH_SECONDS, AppTotals, Totals, WriterReport

STALE_SECONDS: Final = 10.0
"""A worker reports every 5 s at least; one that reports but flushed longer ago than this has a problem."""
SKEWED_SECONDS: Final = 5.0
MOST_ITEMS: Final = 20
"""How many lines of detail a check has at most."""
_LOST: Final = {
    "unrecoverable_observations": "requests that Redis lost and that could not be sent again",
    "unrecoverable": "batches that Redis lost and that could not be sent again",
    "rejected_increments": "increments refused, because a key holds something else",
}
_CAUSED: Final = {
    "error": "exceptions inside tokenpulse",
    "fault": "values set aside",
    "overflow": "requests counted under __other__, for want of a series",
    "failure": "flushes that failed and were repeated",
}
_NTP: Final = "have those machines keep time by NTP; windows follow Redis's time meanwhile"


def check_keyspace(stored: object) -> Check:
    """Judge the keyspace's version; `stored` is what GET of its key returned."""
    try:
        check_readable(stored)
    except KeyspaceVersionError as error:
        return failure("keyspace", str(error), KEYSPACE_ADVICE)
    version = parse_version(stored)
    says = f"no version yet: no release has written it (this one writes {KEYSPACE_VERSION})"
    return passed("keyspace", says if version is None else f"version {version}")


def check_series(totals: Totals) -> Check:
    """Judge whether anything was counted."""
    if not totals.providers and not totals.apps:
        return warning(
            "data",
            "nothing was ever written under this prefix",
            "send a request through the app; compare key prefix and database number with the app's",
        )
    providers = sorted(set(totals.providers) - {OTHER})
    models = sum(series.model != OTHER for series in totals.models)
    says = f"providers: {len(providers)}, models: {models}"
    return passed("data", says, items=_few(providers))


def check_writers(app: AppTotals, totals: Totals) -> Check:
    """Judge an app's workers by their last reports."""
    name, now = f"workers of {app.name}", totals.taken_at
    alive = totals.fresh_writers(app)
    items = tuple(_few([_described(report, now) for report in alive]))
    says = f"alive: {len(alive)}, gone within the last hour: {len(app.writers) - len(alive)}"
    if not alive:
        to_do = "start the app; when it runs, look into its log for `flush failed`"
        return warning(name, f"none reported within {FRESH_SECONDS:.0f} s; {says}", to_do)
    behind = sum(report.last_flush is None or now - report.last_flush >= STALE_SECONDS for report in alive)
    if behind:
        to_do = "look into their logs for `flush failed`"
        return warning(name, f"{says}, without a recent flush: {behind}", to_do, items=items)
    skewed = sum(abs(report.clock_offset_seconds or 0.0) >= SKEWED_SECONDS for report in alive)
    if skewed:
        return warning(name, f"{says}, with a clock far off: {skewed}", _NTP, items=items)
    return passed(name, says, items=items)


def check_losses(app: AppTotals) -> Check:
    """Judge what an app's workers counted of their own troubles, ever since their counters began."""
    name = f"losses of {app.name}"
    lost = [f"{words}: {app.internal[key]}" for key, words in _LOST.items() if app.internal.get(key)]
    told = {kind: tuple(_by_cause(app, kind)) for kind in _CAUSED}
    lines = [f"{_CAUSED[kind]}: {', '.join(causes)}" for kind, causes in told.items() if causes]
    if lost or told["error"]:
        to_do = "see docs/doctor.md, section Losses, for where each comes from"
        return warning(name, "not everything arrived as it was measured", to_do, items=(*lost, *lines))
    return passed(name, "none", items=lines)


def check_foreign_keys(totals: Totals) -> Check:
    """Judge whether keys of ours hold what others wrote."""
    keys = sorted(totals.corrupt_keys)
    if not keys:
        return passed("foreign keys", "none among the counters")
    says = f"keys that hold something tokenpulse did not write, left out: {len(keys)}"
    return warning("foreign keys", says, "delete them, or choose a key prefix of its own", items=_few(keys))


def _described(report: WriterReport, now: float) -> str:
    process = f"{report.host}:{report.pid}" if report.host and report.pid else report.writer
    flushed = "never" if report.last_flush is None else f"{max(0.0, now - report.last_flush):.1f} s ago"
    parts = [f"{process}: last flush {flushed}"]
    if report.pending_observations:
        parts.append(f"requests waiting: {report.pending_observations}")
    if report.clock_offset_seconds is not None:
        parts.append(f"clock off by {abs(report.clock_offset_seconds):.3f} s")
    if report.version is not None:
        parts.append(f"version {report.version}")
    return ", ".join(parts)


def _by_cause(app: AppTotals, kind: str) -> Iterator[str]:
    for name, count in sorted(app.internal.items()):
        head, _, cause = name.partition(":")
        if head == kind and cause and count:
            yield f"{cause} {count}"


def _few(items: list[str]) -> Iterator[str]:
    """Yield at most `MOST_ITEMS`, then how many more there are."""
    yield from items[:MOST_ITEMS]
    if len(items) > MOST_ITEMS:
        yield f"… and {len(items) - MOST_ITEMS} more"
