"""What a scraper asks for."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple

from tokenpulse_reader.exposition.metric import Category, Metric
from tokenpulse_reader.exposition.negotiate import Format
from tokenpulse_reader.exposition.profiles import METRICS_OF, Profile

_BY_NAME: Final[Mapping[str, frozenset[str]]] = {
    name: frozenset(
        metric.name for metrics in METRICS_OF.values() for metric in metrics if name in metric.names
    )
    for name in {name for metrics in METRICS_OF.values() for metric in metrics for name in metric.names}
}


class Scrape(NamedTuple):
    """Say what a scraper asks for; None means all categories, all families."""

    format: Format = "text"
    is_compressed: bool = False
    category: Category | None = None
    families: frozenset[str] | None = None
    profile: Profile = "tokenpulse"

    def metrics(self) -> list[Metric]:
        """Return the metrics to answer with, in the order of the table."""
        return [
            metric
            for metric in METRICS_OF[self.profile]
            if (self.families is None or metric.name in self.families)
            and self.category in (None, metric.category)
        ]


def families_named(names: Iterable[str]) -> frozenset[str]:
    """Return the families that `name[]` asks for by family or sample name; unknown names ask for nothing."""
    return frozenset().union(*(_BY_NAME.get(name, frozenset()) for name in names))
