"""The operation that exports every window of every model as a file."""

from typing import Final

from tokenpulse_reader.export.export_formats import FORMATS, MEDIA_TYPES
from tokenpulse_reader.export.export_range import DEFAULT_SECONDS, GRANULARITIES
from tokenpulse_reader.openapi.operation import Operation, Schema
from tokenpulse_reader.openapi.parts import BASIS, choice, query
from tokenpulse_reader.openapi.shapes import (
    COUNT,
    MILLISECONDS,
    NUMBER,
    RATIO,
    TEXT,
    TIMESTAMP,
    USD,
    an_object,
    joined,
    listed,
    maybe,
    one_of,
)

_TIMES: Final = tuple(
    f"{part}_{name}_ms" for name in ("latency", "ttft") for part in ("avg", "p50", "p95", "p99")
)
_ROW: Final[Schema] = an_object(
    {
        "window_start": TIMESTAMP,
        "granularity": one_of(*GRANULARITIES),
        "provider": TEXT,
        "model": TEXT,
        "coverage": RATIO,
        **dict.fromkeys(("total_requests", "successful_requests", "failed_requests"), COUNT),
        "success_rate": maybe(RATIO),
        **dict.fromkeys(("errors_timeout", "errors_rate_limit", "errors_network", "errors_other"), COUNT),
        **dict.fromkeys(("tokens_input", "tokens_output", "tokens_cached", "tokens_reasoning"), maybe(COUNT)),
        "requests_without_usage": COUNT,
        "total_cost_usd": maybe(USD),
        "unpriced_requests": COUNT,
        "tokens_per_second": maybe(NUMBER),
        **dict.fromkeys(_TIMES, maybe(MILLISECONDS)),
    }
)
_WHOLE: Final[Schema] = joined(
    an_object(
        {
            "granularity": one_of(*GRANULARITIES),
            "from": TIMESTAMP,
            "to": TIMESTAMP,
            "rows": listed(_ROW),
            "total_rows": COUNT,
            "computed_at": TIMESTAMP,
        }
    ),
    BASIS,
)
_MOMENT: Final = "ISO 8601 (without an offset UTC is meant), or epoch seconds"
_DEFAULTS: Final = ", ".join(f"{name}: {held // 3600} h" for name, held in DEFAULT_SECONDS.items())

OPERATIONS: Final = (
    Operation(
        path="/api/monitoring/export",
        summary="Every window of every model as a file, streamed",
        tag="monitoring",
        about="Rows by provider, model, time. Cells of CSV are safe to open in a spreadsheet.",
        parameters=(
            choice("format", *FORMATS, default="csv"),
            choice("granularity", *GRANULARITIES, default="hour"),
            query("from", TEXT, f"{_MOMENT}; without it so long before `to`: {_DEFAULTS}"),
            query("to", TEXT, f"{_MOMENT}; without it now"),
        ),
        answers={MEDIA_TYPES["csv"]: TEXT, MEDIA_TYPES["json"]: _WHOLE},
        statuses={429: "too many exports are under way"},
    ),
)
