"""Tell the time that passes for a thread, without what it waited for a processor."""

import time
from pathlib import Path
from typing import Final

_OWN_SCHEDULING: Final = Path("/proc/thread-self/schedstat")
"""Linux: nanoseconds on a processor, nanoseconds waited for one, turns."""


def unhindered_seconds() -> float:
    """Return monotonic seconds of the calling thread; on a busy machine they pass as they would on an idle one.

    Where the system does not tell what the thread waited for a processor, that time is in it.
    """
    now = time.monotonic()
    try:
        waited_nanoseconds = int(_OWN_SCHEDULING.read_text().split()[1])
    except OSError:
        return now
    return now - waited_nanoseconds / 1e9
