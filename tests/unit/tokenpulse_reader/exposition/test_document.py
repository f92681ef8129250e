"""docs/metrics.md says what the table says."""

import subprocess
import sys
from pathlib import Path

from tokenpulse_reader.exposition.document import document
from tokenpulse_reader.exposition.profiles import METRICS_OF

_DOCUMENT = Path(__file__).parents[4] / "docs" / "metrics.md"


def test_document_is_up_to_date() -> None:
    """A change of the table without one of the document fails here; the head of the file says what to run."""
    assert _DOCUMENT.read_text() == "\n".join((*document(), ""))


def test_command_writes_the_document() -> None:
    """The command in the document's head gives the document."""
    command = [sys.executable, "-m", "tokenpulse_reader.exposition.document"]

    assert subprocess.run(command, capture_output=True, text=True, check=True).stdout == _DOCUMENT.read_text()


def test_every_metric_is_in_one_section() -> None:
    """Each row of the table is one row of the document."""
    lines = list(document())

    names = [metric.name for metrics in METRICS_OF.values() for metric in metrics]

    assert all(sum(line.startswith(f"| `{name}` |") for line in lines) == 1 for name in names)
