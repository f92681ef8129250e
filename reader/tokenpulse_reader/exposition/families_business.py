"""Turn gauges that were posted into rows."""

from collections.abc import Iterator
from typing import Final

from tokenpulse_reader.exposition.facts import Facts
from tokenpulse_reader.exposition.rows import Collector, Row
from tokenpulse_reader.exposition.table_business_gauges import BUSINESS_GAUGES


def _posted(name: str) -> Collector:
    def collect(facts: Facts) -> Iterator[Row]:
        for gauge in facts.gauges:
            if gauge.name == name:
                yield gauge.labels, gauge.value

    return collect


BUSINESS_COLLECTORS: Final[dict[str, Collector]] = {
    metric.name: _posted(metric.name) for metric in BUSINESS_GAUGES
}
