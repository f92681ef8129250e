"""Tell a time that can be true from one that cannot."""

from typing import Final

EARLIEST: Final = 1_577_836_800.0
"""2020-01-01: before tokenpulse was. A server whose clock has lost its battery says 1970."""
LATEST: Final = 4_102_444_800.0
"""2100-01-01."""


def is_plausible(epoch_seconds: float) -> bool:
    """Tell whether a server's time may be right; what is no number is not."""
    return EARLIEST <= epoch_seconds < LATEST
