"""Simulate a day of traffic that ends now, fed through a real recorder.

Strategy: counts add up, so what a flush leaves in Redis does not depend on when flushes happen, except for minute
windows, which live 2 h. The hours of which no minute survives are therefore folded first and flushed once (the
recorder keeps them by the hour, as through an outage); from the oldest hour that still has minutes on, every
minute is flushed by itself.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import cycle
from math import exp
from random import Random
from typing import Final

from tokenpulse import Recorder
from tokenpulse_shared.keyspace import MINUTE_RETENTION_SECONDS, SEAL_DELAY_SECONDS
from tokenpulse_shared.records import InterTokenLatency, Observation
from tokenpulse_shared.sketch import FINE_SCALE, bucket_index, bucket_value

DAY_SECONDS: Final = 86_400
PER_HOUR: Final = 1000
MODELS_PER_PROVIDER: Final = 30
SPREAD: Final = 0.6
"""Standard deviation of the logarithm of a quantity: the 99th percentile is four times the median."""
POOL: Final = 65_521
"""How many draws are made; a prime, so that the strides through it repeat only after millions."""
SEED: Final = 20_262
FLOWS: Final = 7
"""How many streams' gaps are drawn; a stream takes one of them, at its own pace."""
JITTER: Final = 0.3
"""Standard deviation of the logarithm of a stream's gaps."""
BURSTS: Final = 0.1
"""Share of the events that come right after another, as when a network packet brings two."""
BURST_SECONDS: Final = 5e-5
REASONING_EVERY: Final = 5
"""One model in so many begins its answers with reasoning."""
FLUSH_ATTEMPTS: Final = 100
"""Each goes on for up to 1 s."""


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
    is_reasoning: bool


def profiles(providers: int) -> list[Profile]:
    """Return `MODELS_PER_PROVIDER` models for each provider: from fast and small to slow and large."""
    return [
        Profile(
            f"provider-{at}",
            f"vendor-{at}/model-{number}-instruct",
            0.15 + 0.05 * number,
            0.004 + 0.001 * number,
            number % REASONING_EVERY == 0,
        )
        for at in range(providers)
        for number in range(MODELS_PER_PROVIDER)
    ]


class Flows:
    """Draw how the tokens of streams followed each other."""

    def __init__(self, random: Random) -> None:
        self._gaps = [_gaps(random) for _ in range(FLOWS)]
        self._made: dict[tuple[int, int], InterTokenLatency] = {}

    def flow(self, number: int, tpot_seconds: float) -> InterTokenLatency:
        """Return the gaps of one of the streams drawn, at the pace whose bucket `tpot_seconds` is in."""
        key = number % FLOWS, bucket_index(tpot_seconds)
        if key not in self._made:
            self._made[key] = _flow(self._gaps[key[0]], key[1])
        return self._made[key]


def _gaps(random: Random) -> list[tuple[bool, float]]:
    """Return one stream's gaps: (in a burst, seconds), those that are not in a burst at a token a second."""
    return [
        (True, BURST_SECONDS * exp(SPREAD * random.gauss(0.0, 1.0)))
        if random.random() < BURSTS
        else (False, exp(JITTER * random.gauss(0.0, 1.0)))
        for _ in range(int(200 * exp(SPREAD * random.gauss(0.0, 1.0))) + 1)
    ]


def _flow(gaps: list[tuple[bool, float]], pace: int) -> InterTokenLatency:
    tpot_seconds = bucket_value(pace, FINE_SCALE)
    seconds = [gap if is_burst else gap * tpot_seconds for is_burst, gap in gaps]
    buckets = Counter(bucket_index(gap) for gap in seconds)
    return InterTokenLatency(sum(seconds), len(seconds), tuple(buckets.items()))


def oldest_hour_with_minutes(end: float) -> int:
    """Return the start of the oldest hour, epoch seconds, whose packed minutes have not expired at `end`.

    An hour's minutes are packed into one key; it expires 2 h after the last of them was added.
    """
    latest_expired = end - MINUTE_RETENTION_SECONDS - SEAL_DELAY_SECONDS
    return int(latest_expired // 3600 * 3600)


def _with_three_sketches(observation: Observation) -> Observation:
    """Return the observation with what makes sketches of latency, ttft and tpot alone."""
    return observation._replace(
        ttfb_seconds=None, first_visible_seconds=None, send_wait_seconds=None, itl=None
    )


def feed_day(
    recorder: Recorder, clock: SteppedClock, models: list[Profile], end: float, *, has_all_sketches: bool
) -> int:
    """Feed the day before `end`, `PER_HOUR` requests per hour and model; return how many requests that was.

    has_all_sketches: else only latency, ttft and tpot are measured.

    Raises:
        RuntimeError: a flush did not reach Redis.
    """
    random = Random(SEED)
    factors = cycle([exp(SPREAD * random.gauss(0.0, 1.0)) for _ in range(POOL)])
    drawn = Flows(random)
    fine_from = oldest_hour_with_minutes(end)
    fed = 0
    for minute in range(DAY_SECONDS // 60):
        clock.now = end - DAY_SECONDS + minute * 60
        first, last = minute * PER_HOUR // 60, (minute + 1) * PER_HOUR // 60
        for profile in models:
            for observation in draw_observations(profile, factors, drawn, range(first, last), clock.now):
                recorder.observe(observation if has_all_sketches else _with_three_sketches(observation))
        fed += (last - first) * len(models)
        if clock.now + 60 >= fine_from:
            flush_whole(recorder)
    return fed


def flush_whole(recorder: Recorder) -> None:
    """Flush until all is in Redis: it may be hours of traffic, and a flush goes on for a second at most.

    Raises:
        RuntimeError: a flush did not reach Redis.
    """
    for _ in range(FLUSH_ATTEMPTS):
        if recorder.flush():
            return
    error = recorder.stats()["last_error"]
    raise RuntimeError(
        f"a flush did not reach Redis ({error}): what is measured would be of less than was fed"
    )


def draw_observations(
    profile: Profile, factors: Iterator[float], drawn: Flows, numbers: range, now: float
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
                error_type="overloaded_error", error_message="The model is overloaded. Please try again later.",
                started_at=now, latency_seconds=ttft, ttfb_seconds=ttft, send_wait_seconds=3e-5 * next(factors),
                provider_vouched=True,
            )  # fmt: skip
            continue
        finish = "length" if number % 20 == 3 else "stop"
        if not is_stream:
            yield Observation(
                profile.provider, profile.model, None, "chat", "openai_chat", False, 200, "success", None, None,
                finish, now, latency, latency, None, None, None, 3e-5 * next(factors), 350, tokens, 64, None,
                "reported", tokens * 600 + 350 * 150, profile.model, "/v1/chat/completions", None, True, True, 32,
            )  # fmt: skip
            continue
        visible = ttft + 0.3 * (latency - ttft) if profile.is_reasoning else ttft
        yield Observation(
            profile.provider, profile.model, None, "chat", "openai_chat", True, 200, "success", None, None,
            finish, now, latency, ttft * 0.9, ttft, visible, tpot, 3e-3 * next(factors), 350, tokens, 64, None,
            "reported", tokens * 600 + 350 * 150, profile.model, "/v1/chat/completions", None, True, True, 32,
            drawn.flow(number, tpot),
        )  # fmt: skip
