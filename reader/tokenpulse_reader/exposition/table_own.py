"""Rows of the metric table on tokenpulse itself."""

from typing import Final

from tokenpulse_reader.exposition.metric import Kind, Metric


def _row(name: str, kind: Kind, labels: tuple[str, ...], text: str) -> Metric:
    return Metric(name=f"tokenpulse_{name}", kind=kind, category="system", labels=labels, help=text)


PLAIN_COUNTERS: Final[dict[str, tuple[str, str]]] = {
    "observations": ("tokenpulse_observations_total", "Inference requests that were observed."),
    "flushes": ("tokenpulse_flushes_total", "Flushes in which Redis answered."),
    "failed_flushes": (
        "tokenpulse_failed_flushes_total",
        "Flushes that failed; what they carried is kept for the next.",
    ),
    "batches": ("tokenpulse_batches_total", "Batches that are in Redis."),
    "refused_batches": (
        "tokenpulse_refused_batches_total",
        "Flushes in which Redis refused some batches; they are kept for the next.",
    ),
    "duplicates": (
        "tokenpulse_duplicate_batches_total",
        "Batches sent again that Redis had applied before; none was counted twice.",
    ),
    "gaps": ("tokenpulse_gap_batches_total", "Times Redis had lost batches it had acknowledged."),
    "replayed": ("tokenpulse_replayed_batches_total", "Batches sent again because Redis had lost them."),
    "unrecoverable": (
        "tokenpulse_unrecoverable_batches_total",
        "Batches Redis lost that were too old to be sent again.",
    ),
    "unrecoverable_observations": (
        "tokenpulse_unrecoverable_observations_total",
        "Requests counted in batches that Redis lost and that were too old to be sent again.",
    ),
    "rejected_increments": (
        "tokenpulse_rejected_increments_total",
        "Single increments Redis refused because a key holds something else.",
    ),
}
"""Name of a writer's own counter → metric, help; labelled by app_name."""

CAUSED_COUNTERS: Final[dict[str, tuple[str, str, str]]] = {
    "fault": ("tokenpulse_faults_total", "cause", "Bad input that was set aside, by cause."),
    "error": ("tokenpulse_internal_errors_total", "where", "Exceptions inside tokenpulse, by place."),
    "failure": ("tokenpulse_flush_failures_total", "cause", "Flushes that failed, by cause."),
    "overflow": (
        "tokenpulse_admission_overflow_total",
        "kind",
        "Requests counted under __other__ because a name was not admitted as a series.",
    ),
}
"""What a counter's name starts with before `:` → metric, label that takes the rest, help."""

OWN: Final[tuple[Metric, ...]] = (
    *(
        _row(name.removeprefix("tokenpulse_"), "counter", ("app_name",), text)
        for name, text in PLAIN_COUNTERS.values()
    ),
    *(
        _row(name.removeprefix("tokenpulse_"), "counter", ("app_name", label), text)
        for name, label, text in CAUSED_COUNTERS.values()
    ),
    _row("internal_total", "counter", ("app_name", "name"), "Any other counter of the writers, by name."),
    _row("writers", "gauge", ("app_name",), "Workers that reported within the last 15 s."),
    _row(
        "writer_pending_batches",
        "gauge",
        ("app_name", "writer"),
        "Batches a worker holds that Redis has not applied yet.",
    ),
    _row(
        "writer_pending_observations",
        "gauge",
        ("app_name", "writer"),
        "Requests a worker holds in memory that Redis does not have yet.",
    ),
    _row(
        "writer_last_flush_timestamp_seconds",
        "gauge",
        ("app_name", "writer"),
        "When a worker's last batch was applied, in seconds since the epoch.",
    ),
    _row(
        "writer_staleness_seconds",
        "gauge",
        ("app_name", "writer"),
        "How long before these numbers were read a worker's last batch was applied, in seconds.",
    ),
    _row(
        "writer_clock_offset_seconds",
        "gauge",
        ("app_name", "writer"),
        "What a worker adds to its host's clock to have Redis's, in seconds.",
    ),
    _row(
        "corrupt_keys",
        "gauge",
        (),
        "Keys of counters left out because they hold something tokenpulse did not write.",
    ),
    _row("unreadable_fields", "gauge", (), "Fields left out because they hold no whole number."),
    _row(
        "snapshot_age_seconds",
        "gauge",
        (),
        "How long before this exposition was made its numbers were loaded, in seconds.",
    ),
)
