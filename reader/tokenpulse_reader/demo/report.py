"""Write what the demo tells its user."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tokenpulse_reader.demo.catalogue import DEGRADING_PROVIDER
from tokenpulse_reader.demo.plans import (
    DEGRADATION_LENGTH_SECONDS,
    DEGRADATION_PERIOD_SECONDS,
    DEGRADATION_START_SECONDS,
)
from tokenpulse_reader.demo.traffic import TrafficCounts
from tokenpulse_shared.connections.redis_url import is_memory_url
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.redact import masked_url
from tokenpulse_shared.settings import Settings

_TO_TRY: Final = (
    "/api/monitoring/health",
    "/api/monitoring/stats/realtime",
    "/api/monitoring/latency/openai/openai/gpt-4o?percentiles=50,95,99",
    "/api/metrics/realtime?type=provider&id=anthropic",
    "/api/monitoring/circuit-breakers",
    "/metrics",
)


def where_kept(settings: Settings) -> str:
    """Return one line that says where the numbers are kept."""
    if is_memory_url(settings.redis_url):
        return "in memory:// (inside this process: nothing to install, gone when it ends; for trying out)"
    return f"in {masked_url(settings.redis_url)}, keys {settings.key_prefix}*"


def introduction(settings: Settings, *, app_url: str, reader_url: str, rate: float) -> Sequence[str]:
    """Return the lines that say what runs where, with commands to try."""
    authorization = '-H "Authorization: Bearer $TOKENPULSE_API_TOKEN" ' if settings.api_token else ""
    example = '{"model": "openai/gpt-4o", "stream": true, "messages": [{"role": "user", "content": "Hello"}]}'
    trouble = (
        f"trouble  {DEGRADING_PROVIDER} gets slow and unreliable {DEGRADATION_START_SECONDS:g} s after the start, "
        f"for {DEGRADATION_LENGTH_SECONDS:g} s, every {DEGRADATION_PERIOD_SECONDS:g} s"
    )
    return (
        f"app      {app_url}  (simulated providers behind TokenPulseMiddleware, {rate:g} requests/s)",
        f"reader   {reader_url}",
        f"numbers  {where_kept(settings)}",
        trouble,
        "",
        "Try in another terminal:",
        *(f"  curl -s {authorization}'{reader_url}{path}'" for path in _TO_TRY),
        f"  curl -sN {app_url}/v1/chat/completions -H 'content-type: application/json' -d '{example}'",
        "",
        "Ctrl-C ends it.",
        "",
    )


def status_line(
    counts: TrafficCounts,
    health: Sequence[Mapping[str, Any]] | None,
    *,
    elapsed_seconds: float,
    degrading: bool,
) -> str:
    """Return one line on how it goes; `health` is the reader's answer, None when it gave none."""
    scores = "not known"
    if health:
        scores = " ".join(_score(entry) for entry in health if entry.get("provider") != OTHER)
    note = f" ({DEGRADING_PROVIDER} is in trouble)" if degrading else ""
    return (
        f"{elapsed_seconds:5.0f} s  sent {counts.sent}, answered {counts.answered}, failed {counts.failed}, "
        f"open {counts.in_flight} | health: {scores}{note}"
    )


def summary(counts: TrafficCounts, *, pending: int, spill_path: str | None) -> Sequence[str]:
    """Return the last lines: how many requests were sent, how they ended, how many Redis is not known to have.

    `pending`: the last of these; `spill_path`: where they wait, None: nowhere.
    """
    skipped = f"; {counts.skipped} left out because too many were open" if counts.skipped else ""
    done = (
        f"done: sent {counts.sent} requests: {counts.answered} answered, {counts.failed} failed, "
        f"{counts.left_early} hung up early by the client, {counts.cut_off} cut off by the stop{skipped}"
    )
    return (done, *_missing(pending, spill_path))


def _missing(pending: int, spill_path: str | None) -> Sequence[str]:
    if not pending:
        return ()
    fate = (
        f"they wait in {spill_path} for the next start"
        if spill_path
        else "they are lost; with TOKENPULSE_SPILL_PATH=<directory> the next start would bring them"
    )
    return (f"NOT in Redis, as far as is known: {pending} of them, Redis was away at the end; {fate}",)


def _score(entry: Mapping[str, Any]) -> str:
    status = entry.get("status")
    score = entry.get("health_score")
    if status == "unknown" or not isinstance(score, int | float):
        return f"{entry.get('provider')} ?"
    return f"{entry.get('provider')} {score:.0f}"
