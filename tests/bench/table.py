"""Print figures as a table."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Figure:
    """Hold one line: what was measured, its value and noise as text, the target, whether it is met.

    `noise` is empty where nothing varies; `target` and `is_met` are None where nothing was promised.
    """

    what: str
    value: str
    noise: str = ""
    target: str | None = None
    is_met: bool | None = None

    @property
    def verdict(self) -> str:
        """Return `met`, `MISSED`, or nothing."""
        return "" if self.is_met is None else "met" if self.is_met else "MISSED"


def print_table(title: str, method: str, figures: Sequence[Figure]) -> None:
    """Print a title, the method, then one line per figure in columns."""
    print(f"\n## {title}\n\n{method.strip()}\n")
    rows = [("measured", "value", "noise", "target", "")]
    rows += [(item.what, item.value, item.noise, item.target or "", item.verdict) for item in figures]
    widths = [max(len(row[column]) for row in rows) for column in range(5)]
    rows.insert(1, ("-" * widths[0], "-" * widths[1], "-" * widths[2], "-" * widths[3], "-" * widths[4]))
    for row in rows:
        cells = [row[0].ljust(widths[0]), row[1].rjust(widths[1]), row[2].rjust(widths[2])]
        print("  ".join([*cells, row[3].ljust(widths[3]), row[4]]).rstrip())
