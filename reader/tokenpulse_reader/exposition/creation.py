"""When the series of a metric began to be counted, which OpenMetrics tells as `_created`.

Redis keeps it beside the counters, so it changes when they are lost and begin anew, and only then. What is kept
elsewhere (breakers' counters, Redis' own) tells nothing.
"""

from typing import Final

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.metric import Metric
from tokenpulse_reader.exposition.render import Created
from tokenpulse_reader.exposition.rows import Labels

_PROVIDER: Final = ("provider", "gen_ai_provider_name", "engine")
_MODEL: Final = ("model", "gen_ai_request_model", "model_name")
_KEPT_ELSEWHERE: Final = ("circuit_breaker_",)


def created_of(metric: Metric, facts: Facts) -> Created | None:
    """Return what tells a series' beginning by its labels; None where the metric has none to tell."""
    is_told = metric.kind in ("counter", "histogram") and not metric.is_untyped_in_openmetrics
    if not is_told or metric.name.startswith(_KEPT_ELSEWHERE):
        return None
    provider, model = _place(metric, _PROVIDER), _place(metric, _MODEL)
    if provider is not None:
        return _of_series(facts, provider, model)
    if "app_name" in metric.labels:
        return _of_app(facts, metric.labels.index("app_name"))
    if metric.name.startswith("http_"):
        return _of_all_apps(facts)
    return None


def _place(metric: Metric, names: tuple[str, ...]) -> int | None:
    return next((metric.labels.index(name) for name in names if name in metric.labels), None)


def _of_series(facts: Facts, provider: int, model: int | None) -> Created:
    if model is None:
        whole = {name: held.created_at for name, held in facts.totals.providers.items()}
        return lambda labels: whole.get(labels[provider])
    began = {(held.provider, held.model): held.totals.created_at for held in facts.totals.models}
    return lambda labels: began.get((labels[provider], labels[model]))


def _of_app(facts: Facts, place: int) -> Created:
    began = {app.name: app.created_at for app in facts.totals.apps}
    return lambda labels: began.get(labels[place])


def _of_all_apps(facts: Facts) -> Created:
    """What all apps counted together began with the last app that began anew: before it they counted as much."""
    known = [app.created_at for app in facts.totals.apps]
    latest = max((at for at in known if at is not None), default=None)
    began = None if None in known else latest

    def created(_: Labels) -> float | None:
        return began

    return created
