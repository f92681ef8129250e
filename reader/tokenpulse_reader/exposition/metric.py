"""The shape of one row of the metric table."""

from dataclasses import dataclass
from typing import Final, Literal

Kind = Literal["counter", "gauge", "histogram", "summary", "info"]
Category = Literal["system", "providers", "models", "business", "performance"]

CATEGORIES: Final[tuple[Category, ...]] = ("system", "providers", "models", "business", "performance")
MICROSECONDS: Final = 1_000_000
"""`sum_divisor` of a sum in microseconds that is exposed in seconds."""
NANO: Final = 1_000_000_000
"""`sum_divisor` of a sum in nano-USD that is exposed in USD."""
_UNITS: Final = ("seconds", "bytes")
_PARTS: Final[dict[Kind, tuple[str, ...]]] = {
    "histogram": ("bucket", "sum", "count"),
    "summary": ("sum", "count"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """Describe a metric family: its name as in the text format, with `_total` or `_info`.

    `bounds` are the exposed upper bounds; `fine` are those of the quantity it is summed from, of which
    `bounds` is a subset; a sum as Redis holds it is divided by `sum_divisor`. `is_untyped_in_openmetrics`: the
    counter's family name without `_total` is taken by another metric, which OpenMetrics forbids.
    """

    name: str
    kind: Kind
    category: Category
    labels: tuple[str, ...]
    help: str
    bounds: tuple[float, ...] = ()
    fine: tuple[float, ...] = ()
    sum_divisor: int = 1
    is_untyped_in_openmetrics: bool = False

    @property
    def openmetrics_name(self) -> str:
        """Return the family's name in OpenMetrics, where `_total` and `_info` belong to the sample."""
        if self.is_untyped_in_openmetrics:
            return self.name
        suffix = {"counter": "_total", "info": "_info"}.get(self.kind, "")
        return self.name.removesuffix(suffix)

    @property
    def openmetrics_unit(self) -> str | None:
        """Return the unit OpenMetrics wants named, None when the name does not end with one."""
        unit = self.openmetrics_name.rpartition("_")[2]
        return unit if unit in _UNITS else None

    @property
    def names(self) -> tuple[str, ...]:
        """Return every name `name[]` may ask for it by: the family's and its samples'."""
        if self.kind in _PARTS:
            return (self.name, *(f"{self.name}_{part}" for part in _PARTS[self.kind]))
        return tuple(dict.fromkeys((self.name, self.openmetrics_name)))
