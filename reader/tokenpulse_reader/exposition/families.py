"""Say which function gives the rows of each metric of the table."""

from typing import Final

from tokenpulse_reader.exposition.families_http import HTTP_COLLECTORS
from tokenpulse_reader.exposition.families_models import MODEL_COLLECTORS
from tokenpulse_reader.exposition.families_own import OWN_COLLECTORS
from tokenpulse_reader.exposition.families_providers import PROVIDER_COLLECTORS
from tokenpulse_reader.exposition.rows import Collector

COLLECTORS: Final[dict[str, Collector]] = {
    **HTTP_COLLECTORS,
    **MODEL_COLLECTORS,
    **PROVIDER_COLLECTORS,
    **OWN_COLLECTORS,
}
"""One for every metric of `table.METRICS`."""
