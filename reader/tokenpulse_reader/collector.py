"""Keep Python's garbage collector from stopping a reader's process for long.

A full collection goes through every object of the process, with nothing answered meanwhile: 15 ms of processor time and
more with the counters of 300 models in memory. What is there at the start never becomes garbage, so it is left out;
what a snapshot leaves goes by its reference counts. So full collections, which find what little is left, can be rare,
and young ones are made small instead. Measured with 300 models, the longest piece of work on the event loop: 15 ms with
Python's own settings, 3.2 ms with these.
"""

import gc
from typing import Final

YOUNG_OBJECTS: Final = 700
"""Python's own."""
YOUNG_COLLECTIONS: Final = 3
"""Python's own is 10: the middle generation is gone through when it is three times smaller."""
MIDDLE_COLLECTIONS: Final = 3000
"""Python's own is 10. With 300 models it takes minutes until a full collection."""


def calm_collector() -> None:
    """Leave what exists now out of collections from now on, have full ones much more rarely.

    For a process that is only a reader: it holds for the whole process.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(YOUNG_OBJECTS, YOUNG_COLLECTIONS, MIDDLE_COLLECTIONS)
