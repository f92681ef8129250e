"""What providers and their models cost over days, pure."""

from collections.abc import Sequence
from typing import Any

from tokenpulse_reader.reports.basis import basis
from tokenpulse_reader.reports.economy import cost_json, dearest_first
from tokenpulse_reader.reports.units import iso
from tokenpulse_shared.keyspace import stamp
from tokenpulse_shared.windows.series_window import Row, WindowTotal
from tokenpulse_shared.windows.timespan import Span


def cost_analysis_json(totals: Sequence[WindowTotal], span: Span) -> dict[str, Any]:
    """Return `/cost-analysis`; `totals`: of every model known, over the days of `span`.

    Providers and models by cost, highest first; those without requests in these days are left out.
    """
    models: dict[str, dict[str, dict[str, Any]]] = {}
    rows: dict[str, Row] = {}
    whole = Row(span.begin)
    for total in totals:
        if not total.row.requests:
            continue
        provider, model = total.series
        models.setdefault(provider, {})[str(model)] = cost_json(total.row)
        rows.setdefault(provider, Row(span.begin)).absorb(total.row)
        whole.absorb(total.row)
    providers = {
        provider: {
            **cost_json(row),
            "models": {model: models[provider][model] for model in dearest_first(models[provider])},
        }
        for provider, row in rows.items()
    }
    return {
        "timestamp": iso(span.end),
        "period_days": len(span.starts),
        "start_date": stamp("day", span.begin),
        "end_date": stamp("day", span.end),
        "providers": {provider: providers[provider] for provider in dearest_first(providers)},
        **cost_json(whole),
        **basis(
            max((total.coverage for total in totals), default=0.0),
            sum(total.corrupt_keys for total in totals),
        ),
    }
