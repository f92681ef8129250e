"""Say which function gives the rows of each metric of the table."""

from typing import Final

from tokenpulse_reader.exposition.families_business import BUSINESS_COLLECTORS
from tokenpulse_reader.exposition.families_events import EVENT_COLLECTORS
from tokenpulse_reader.exposition.families_http import HTTP_COLLECTORS
from tokenpulse_reader.exposition.families_models import MODEL_COLLECTORS
from tokenpulse_reader.exposition.families_otel import OTEL_COLLECTORS
from tokenpulse_reader.exposition.families_own import OWN_COLLECTORS
from tokenpulse_reader.exposition.families_providers import PROVIDER_COLLECTORS
from tokenpulse_reader.exposition.families_readers import READER_COLLECTORS
from tokenpulse_reader.exposition.families_vllm import VLLM_COLLECTORS
from tokenpulse_reader.exposition.rows import Collector

COLLECTORS: Final[dict[str, Collector]] = {
    **HTTP_COLLECTORS,
    **MODEL_COLLECTORS,
    **BUSINESS_COLLECTORS,
    **PROVIDER_COLLECTORS,
    **EVENT_COLLECTORS,
    **READER_COLLECTORS,
    **OWN_COLLECTORS,
    **OTEL_COLLECTORS,
    **VLLM_COLLECTORS,
}
"""One for every metric of every profile."""
