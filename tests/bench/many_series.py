"""Traffic over many series: the requests of the simulated day, spread evenly."""

from collections.abc import Iterator
from itertools import cycle
from math import exp
from random import Random
from typing import Final

from tests.bench.simulated_day import POOL, SEED, SPREAD, Flows, Profile, draw_observations
from tokenpulse import Recorder
from tokenpulse_shared.records import Observation

KINDS: Final = 30
"""From fast and small to slow and large, as the models of the simulated day."""
DRAWN: Final = 97
"""Requests drawn for each kind; a prime, so that series take different ones."""


class ManySeries:
    """Make requests, each to the next of the series, all of them in turn."""

    def __init__(self, providers: int, models_each: int) -> None:
        random = Random(SEED)
        factors = cycle([exp(SPREAD * random.gauss(0.0, 1.0)) for _ in range(POOL)])
        drawn = Flows(random)
        self._pool = [list(_drawn(kind, factors, drawn)) for kind in range(KINDS)]
        self._names = [
            (f"provider-{at}", f"vendor/model-{number}")
            for at in range(providers)
            for number in range(models_each)
        ]
        random.shuffle(self._names)
        self.made = 0

    @property
    def series(self) -> int:
        """Return how many series there are."""
        return len(self._names)

    def next(self) -> Observation:
        """Return the next request."""
        turn, place = divmod(self.made, len(self._names))
        self.made += 1
        provider, model = self._names[place]
        drawn = self._pool[place % KINDS][(turn + place) % DRAWN]
        return drawn._replace(provider=provider, model=model, response_model=model)

    def observe(self, recorder: Recorder, requests: int) -> None:
        """Have the recorder count requests."""
        for _ in range(requests):
            recorder.observe(self.next())


def _drawn(kind: int, factors: Iterator[float], flows: Flows) -> Iterator[Observation]:
    profile = Profile("", "", 0.15 + 0.05 * kind, 0.004 + 0.001 * kind, kind % 5 == 0)
    return draw_observations(profile, factors, flows, range(DRAWN), 0.0)
