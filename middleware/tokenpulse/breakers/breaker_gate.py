"""Answer whether a model may be called, from memory.

Strategy: a model at rest is in no dict; that is the way of nearly every question (0.1 µs). Nothing here waits or
asks Redis; `allow` never raises.
Invariant: what is not known, or not known any more, is let through.
"""

from collections.abc import Callable, Collection, Iterable
from types import TracebackType
from typing import Final, NamedTuple, Self

from tokenpulse.breakers.breaker_memory import BreakerMemory, HeldBreaker, Series
from tokenpulse.breakers.probe_leases import Lease, ProbeLeases

MAX_REMEMBERED: Final = 4096
"""Most series whose names are known to be clean; then all are forgotten."""
PROBE_RETRY_SECONDS: Final = 1.0
"""What a caller is told to wait while a breaker is half open and all its probes are out."""
FORCED_RETRY_SECONDS: Final = 60.0
"""What a caller is told to wait while a person holds a breaker open."""


class Admission:
    """Tell whether a call may be made: true or false by itself, and a context manager around the call.

    `retry_after_seconds`: how long to wait, None when the call may be made. A probe of a half-open breaker must
    end: leave the `with` block, or call `release` once the call is over; without either it counts as in flight
    for two minutes. Everywhere else both do nothing.
    """

    __slots__ = ("_lease", "_leases", "is_allowed", "retry_after_seconds")

    def __init__(
        self,
        retry_after_seconds: float | None = None,
        lease: Lease | None = None,
        leases: ProbeLeases | None = None,
    ) -> None:
        self.is_allowed = retry_after_seconds is None
        self.retry_after_seconds = retry_after_seconds
        self._lease = lease
        self._leases = leases

    def __bool__(self) -> bool:
        return self.is_allowed

    def __repr__(self) -> str:
        return f"Admission({self.is_allowed}, retry_after_seconds={self.retry_after_seconds})"

    @property
    def is_probe(self) -> bool:
        """Tell whether the call is one of the few that a half-open breaker lets through."""
        return self._lease is not None

    def release(self) -> None:
        """Say that the call is over; doing it twice does nothing."""
        if self._lease is not None and self._leases is not None:
            self._leases.give_back(self._lease)

    def __enter__(self) -> Self:
        if self._lease is not None:
            self._lease.is_awaited = True
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release()


ADMITTED: Final = Admission()
_NO_PROBE_LEFT: Final = Admission(PROBE_RETRY_SECONDS)
_HELD_OPEN: Final = Admission(FORCED_RETRY_SECONDS)


class Choice(NamedTuple):
    """Name the provider and the model to call, with the admission; `is_fail_open`: every breaker was open."""

    provider: str
    model: str
    admission: Admission
    is_fail_open: bool


class Breaker:
    """Let calls through or turn them away; thread-safe.

    `names` makes names as the recorder keeps them; `begin` starts what refreshes the memory.
    """

    def __init__(
        self,
        memory: BreakerMemory,
        leases: ProbeLeases,
        names: Callable[[object], str],
        begin: Callable[[], None],
    ) -> None:
        self._memory = memory
        self._leases = leases
        self._names = names
        self._begin = begin
        self._cleaned: dict[tuple[object, object], Series] = {}

    def _clean(self, provider: object, model: object) -> Series:
        series = self._names(provider), self._names(model)
        if series == (provider, model):  # others are cleaned each time: they may be long
            if len(self._cleaned) >= MAX_REMEMBERED:
                self._cleaned.clear()
            self._cleaned[series] = series
        return series

    def allow(self, provider: str, model: str) -> Admission:
        """Return whether the model may be called now; one that may not is counted as turned away.

        The first question about a provider, and every one while Redis is away for longer, is answered with yes.
        """
        try:
            series = self._cleaned[provider, model]
        except (KeyError, TypeError):  # no text at all, perhaps
            series = self._clean(provider, model)
        held = self._memory.held.get(series)
        if held is None:
            if series[0] not in self._memory.watched:
                self._memory.watch(series[0])
                self._begin()
            return ADMITTED
        answer = self.judge(series, held)
        if not answer:
            self._memory.count_rejection(series[0])
        return answer

    def choose(self, candidates: Iterable[tuple[str, str]]) -> Choice:
        """Return the first of the (provider, model) candidates that may be called; when none may, the first.

        Raises:
            ValueError: there is no candidate.
        """
        first: tuple[str, str] | None = None
        turned_away: list[str] = []
        for provider, model in candidates:
            series = self._clean(provider, model)
            held = self._memory.held.get(series)
            answer = self.allow(provider, model) if held is None else self.judge(series, held)
            if answer:
                for name in turned_away:
                    self._memory.count_rejection(name)
                return Choice(provider, model, answer, False)
            turned_away.append(series[0])
            first = first or (provider, model)
        if first is None:
            raise ValueError("there is no candidate to choose from")
        return Choice(*first, ADMITTED, True)

    def enforced(self, series: Series, route: Collection[Series]) -> Admission:
        """Return whether a request for the series may reach the app; cleaned names only.

        route: what callers ask for there, known series only. With every breaker of several open it is let through:
        then it is likelier us than all of them, and nothing would be left to call.
        """
        held = self._memory.held.get(series)
        if held is None:
            if series[0] not in self._memory.watched and series in route:
                self._memory.watch(series[0])
            return ADMITTED
        answer = self.judge(series, held)
        if answer:
            return answer
        others = [name for name in route if name != series]
        if others and held.state == "OPEN" and all(self._is_open(name) for name in others):
            return ADMITTED
        self._memory.count_rejection(series[0])
        return answer

    def _is_open(self, series: Series) -> bool:
        held = self._memory.held.get(series)
        return held is not None and held.state == "OPEN"

    def judge(self, series: Series, held: HeldBreaker) -> Admission:
        """Return what a breaker that is not at rest answers; nothing is counted."""
        state, forced, retry_at = held
        now = self._memory.monotonic()
        if forced == "closed" or now > self._memory.fresh_until:
            return ADMITTED
        self._leases.asked_at[series] = now
        if state == "OPEN":
            if forced:
                return _HELD_OPEN
            if now < retry_at:
                return Admission(retry_at - now)
        lease = self._leases.take(series, now)
        return _NO_PROBE_LEFT if lease is None else Admission(None, lease, self._leases)
