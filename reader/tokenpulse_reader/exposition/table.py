"""The metric table: the single source of names, types, labels, buckets, help, categories.

The order of the table is the order of the exposition.
"""

from typing import Final

from tokenpulse_reader.exposition.metric import Metric
from tokenpulse_reader.exposition.table_business import BUSINESS
from tokenpulse_reader.exposition.table_business_gauges import BUSINESS_GAUGES
from tokenpulse_reader.exposition.table_events import EVENTS
from tokenpulse_reader.exposition.table_http import HTTP
from tokenpulse_reader.exposition.table_models import MODELS
from tokenpulse_reader.exposition.table_own import OWN
from tokenpulse_reader.exposition.table_providers import PROVIDERS
from tokenpulse_reader.exposition.table_readers import READERS
from tokenpulse_reader.exposition.table_redis import REDIS

METRICS: Final[tuple[Metric, ...]] = (
    *HTTP,
    *MODELS,
    *BUSINESS,
    *BUSINESS_GAUGES,
    *PROVIDERS,
    *EVENTS,
    *READERS,
    *REDIS,
    *OWN,
)
