"""A clock that moves only when told."""


class FakeClock:
    """Give epoch and monotonic seconds; `advance` moves both, `jump` the wall clock alone."""

    def __init__(self, time: float = 1_700_000_000.0, *, monotonic: float = 1_000.0) -> None:
        self._now = monotonic
        self._epoch = time

    def monotonic(self) -> float:
        """Return the time since an arbitrary start."""
        return self._now

    def time(self) -> float:
        """Return the epoch time."""
        return self._epoch

    def advance(self, seconds: float) -> None:
        """Let time pass."""
        self._now += seconds
        self._epoch += seconds

    def jump(self, seconds: float) -> None:
        """Set the wall clock ahead, or back, without letting time pass."""
        self._epoch += seconds
