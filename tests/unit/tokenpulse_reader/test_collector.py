"""The collector of a reader's process."""

import subprocess
import sys

CODE = """
import gc
from tokenpulse_reader.collector import calm_collector
calm_collector()
print(gc.get_freeze_count() > 1000, gc.get_threshold())
"""


def test_what_exists_is_frozen_and_full_collections_are_rare() -> None:
    """In a process of its own: it would hold for the other tests."""
    told = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=True).stdout

    assert told == "True (700, 3, 3000)\n"
