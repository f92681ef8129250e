"""What `/api/monitoring/health/{provider}?explain=true` adds to a provider's health."""

from typing import Final

from tokenpulse_reader.openapi.operation import Schema
from tokenpulse_reader.openapi.shapes import (
    COUNT,
    FLAG,
    MILLISECONDS,
    NUMBER,
    RATIO,
    SCORE,
    SECONDS,
    STATUS,
    TEXT,
    TIMESTAMP,
    an_object,
    maybe,
)

EXPLANATION: Final[Schema] = an_object(
    {
        "inputs": an_object(
            {
                "successes": COUNT,
                "faults": COUNT,
                "avg_latency_ms": maybe(MILLISECONDS),
                "latency_count": COUNT,
                "window_start": TIMESTAMP,
                "window_end": TIMESTAMP,
                "window_seconds": SECONDS,
            }
        ),
        "score": an_object(
            {
                "formula": TEXT,
                "acceptable_latency_ms": MILLISECONDS,
                "success_rate": maybe(RATIO),
                "latency_score": maybe(RATIO),
                "value": maybe(SCORE),
            }
        ),
        "composite": an_object(
            {
                "formula": TEXT,
                "availability": maybe(RATIO),
                "error_rate": maybe(RATIO),
                "latency_01": maybe(RATIO),
                "value": maybe(RATIO),
            }
        ),
        "status": an_object(
            {
                "healthy_at": SCORE,
                "degraded_at": SCORE,
                "minimum_samples": COUNT,
                "stays_known_seconds": SECONDS,
                "margin_points": maybe(NUMBER),
                "status_by_score_alone": maybe(STATUS),
                "is_held_by_margin": FLAG,
                "status_since": TIMESTAMP,
            }
        ),
        "window": an_object(
            {
                "reason": TEXT,
                "published_minutes": COUNT,
                "longest_minutes": COUNT,
                "changed_at": maybe(TIMESTAMP),
                "change_evidence_needed": NUMBER,
                "standard_error_points": maybe(NUMBER),
                "settled_below_points": NUMBER,
            }
        ),
    }
)
