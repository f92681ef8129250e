"""Rows of the metric table on what the operator's own services tell: trials, keys, connections, subscriptions."""

from typing import Final

from tokenpulse_reader.exposition.metric import Metric
from tokenpulse_shared.business_gauges import GAUGE_LABELS

_POSTED: Final = "as last posted; absent unless it was."
_HELP: Final = {
    "trial_active": "Trials by where their users stand: counted from the events posted, unless posted as a gauge.",
    "active_api_keys": f"API keys, {_POSTED}",
    "active_connections": f"Connections, {_POSTED}",
    "subscription_count": f"Subscriptions, {_POSTED}",
}

BUSINESS_GAUGES: Final[tuple[Metric, ...]] = tuple(
    Metric(name=name, kind="gauge", category="business", labels=GAUGE_LABELS[name], help=text)
    for name, text in _HELP.items()
)
