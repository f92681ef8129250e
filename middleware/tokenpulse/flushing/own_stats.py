"""Say what a recorder knows of itself: what `Recorder.stats()` returns."""

from typing import Any

from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.bucket_clock import BucketClock
from tokenpulse.flushing.flush import Flusher
from tokenpulse.flushing.pipeline import Pipeline
from tokenpulse.guard import Guard

_DROPPED = "fault:"


def own_stats(
    flusher: Flusher, pipeline: Pipeline, series: Aggregator, clock: BucketClock, guard: Guard
) -> dict[str, Any]:
    """Return the state of one recorder; what is queued must have been folded before.

    connected: None before the first attempt. last_error: why the last attempt failed, in tokenpulse's own words.
    partial_error: why the last attempt left some batches in flight, as when a node of a cluster is gone; None: it
    left none. lacking_rights: what the Redis user may not do, None before a good flush. last_flush_at: epoch
    seconds; staleness_seconds: time since then; None before the first good flush.
    observations: requests counted since the start = flushed (Redis has them) + pending (memory has them).
    pending after a close is what ends with the process, but for what a spill file holds.
    pending_batches, series: what holds the pending ones. duplicates_dropped: batches sent again that Redis had.
    gaps: times Redis had lost batches; gaps_replayed: batches it was given again; unrecoverable: observations it
    lost that could not be. dropped: {cause: values set aside or increments refused}. counts: all, as in `Guard`.
    """
    counts = guard.counts()
    observations, flushed = series.observations, pipeline.writer.flushed_observations
    dropped = {
        name.removeprefix(_DROPPED): count for name, count in counts.items() if name.startswith(_DROPPED)
    }
    if "rejected_increments" in counts:
        dropped["rejected_increments"] = counts["rejected_increments"]
    return {
        "connected": flusher.is_connected,
        "last_error": flusher.last_error,
        "partial_error": pipeline.writer.partial_error,
        "lacking_rights": flusher.lacking_rights,
        "last_flush_at": flusher.last_flush_at,
        "staleness_seconds": flusher.staleness_seconds,
        "observations": observations,
        "flushed": flushed,
        "pending": max(0, observations - flushed),  # a flush may end between the two
        "pending_batches": len(pipeline.writer.in_flight),
        "series": pipeline.series_count,
        "duplicates_dropped": counts.get("duplicates", 0),
        "gaps": counts.get("gaps", 0),
        "gaps_replayed": counts.get("replayed", 0),
        "unrecoverable": counts.get("unrecoverable_observations", 0),
        "dropped": dropped,
        "clock_offset_seconds": clock.offset_seconds,
        "counts": counts,
    }
