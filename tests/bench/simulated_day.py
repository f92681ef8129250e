"""Simulate a day of traffic that ends now, fed through a real recorder.

Strategy: counts add up, so what a flush leaves in Redis does not depend on when flushes happen, except for minute
windows, which live 2 h. The hours of which no minute survives are therefore folded first and flushed once (the
recorder keeps them by the hour, as through an outage); from the oldest hour that still has minutes on, every
minute is flushed by itself.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from math import exp
from random import Random
from typing import Final

from tokenpulse import Recorder
from tokenpulse_shared.keyspace import MINUTE_RETENTION_SECONDS, SEAL_DELAY_SECONDS
from tokenpulse_shared.records import Observation

DAY_SECONDS: Final = 86_400
PER_HOUR: Final = 1000
MODELS_PER_PROVIDER: Final = 30
SPREAD: Final = 0.6
"""Standard deviation of the logarithm of a quantity: the 99th percentile is four times the median."""
POOL: Final = 65_521
"""How many draws are made; a prime, so that the strides through it repeat only after millions."""
SEED: Final = 20_262
FLUSH_ATTEMPTS: Final = 20
"""Each waits for a reply for up to 1 s."""


@dataclass(slots=True)
class SteppedClock:
    """Stand at the simulated moment, epoch seconds."""

    now: float

    def time(self) -> float:
        """Return the simulated moment."""
        return self.now

    def monotonic(self) -> float:
        """Return the simulated moment as well: it never goes back."""
        return self.now


@dataclass(frozen=True, slots=True)
class Profile:
    """Hold a model's medians, in seconds."""

    provider: str
    model: str
    ttft_seconds: float
    tpot_seconds: float


def profiles(providers: int) -> list[Profile]:
    """Return `MODELS_PER_PROVIDER` models for each provider: from fast and small to slow and large."""
    return [
        Profile(
            f"provider-{at}",
            f"vendor-{at}/model-{number}-instruct",
            0.15 + 0.05 * number,
            0.004 + 0.001 * number,
        )
        for at in range(providers)
        for number in range(MODELS_PER_PROVIDER)
    ]


def oldest_hour_with_minutes(end: float) -> int:
    """Return the start of the oldest hour, epoch seconds, whose packed minutes have not expired at `end`.

    An hour's minutes are packed into one key; it expires 2 h after the last of them was added.
    """
    latest_expired = end - MINUTE_RETENTION_SECONDS - SEAL_DELAY_SECONDS
    return int(latest_expired // 3600 * 3600)


def feed_day(recorder: Recorder, clock: SteppedClock, models: list[Profile], end: float) -> int:
    """Feed the day before `end`, `PER_HOUR` requests per hour and model; return how many requests that was.

    Raises:
        RuntimeError: a flush did not reach Redis.
    """
    random = Random(SEED)
    factors = cycle([exp(SPREAD * random.gauss(0.0, 1.0)) for _ in range(POOL)])
    fine_from = oldest_hour_with_minutes(end)
    fed = 0
    for minute in range(DAY_SECONDS // 60):
        clock.now = end - DAY_SECONDS + minute * 60
        first, last = minute * PER_HOUR // 60, (minute + 1) * PER_HOUR // 60
        for profile in models:
            for observation in _observations(profile, factors, range(first, last), clock.now):
                recorder.observe(observation)
        fed += (last - first) * len(models)
        if clock.now + 60 >= fine_from:
            _flush_whole(recorder)
    return fed


def _flush_whole(recorder: Recorder) -> None:
    """Flush until all is in Redis: the first flush holds 20 hours, which may take Redis longer than a timeout."""
    for _ in range(FLUSH_ATTEMPTS):
        if recorder.flush():
            return
    error = recorder.stats()["last_error"]
    raise RuntimeError(f"a flush did not reach Redis ({error}): the memory would be of less than was fed")


def _observations(
    profile: Profile, factors: Iterator[float], numbers: range, now: float
) -> Iterator[Observation]:
    """Yield one request per number: two in a hundred fail with status 503, seven in ten are streamed."""
    for number in numbers:
        is_stream = number % 10 < 7
        tokens = int(200 * next(factors)) + 2
        ttft = profile.ttft_seconds * next(factors)
        tpot = profile.tpot_seconds * next(factors)
        latency = ttft + tpot * (tokens - 1)
        if number % 50 == 0:
            yield Observation(
                profile.provider, profile.model, status_code=503, outcome="provider_error",
                error_message="The model is currently overloaded. Please try again later.",
                started_at=now, latency_seconds=ttft, provider_vouched=True,
            )  # fmt: skip
            continue
        yield Observation(
            profile.provider, profile.model, None, "chat", "openai_chat", is_stream, 200, "success", None, None,
            "stop", now, latency, ttft * 0.9 if is_stream else latency, ttft if is_stream else None,
            ttft if is_stream else None, tpot if is_stream else None, 0.001, 350, tokens, 64, None, "reported",
            tokens * 600 + 350 * 150, profile.model, "/v1/chat/completions", None, True, True,
        )  # fmt: skip
