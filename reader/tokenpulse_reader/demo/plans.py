"""Draw how a simulated request will go."""

import math
import random
from dataclasses import dataclass
from typing import Final, Literal

from tokenpulse_reader.demo.catalogue import DEGRADING_PROVIDER, SimulatedModel, SimulatedProvider

Failure = Literal["rate_limit", "server_error", "timeout", "stream_error", "stream_cut"]

TOKENS_PER_PIECE: Final = 4
"""Tokens in one streamed piece: few pieces keep the demo cheap on a laptop."""
DEGRADATION_PERIOD_SECONDS: Final = 240.0
DEGRADATION_START_SECONDS: Final = 40.0
DEGRADATION_LENGTH_SECONDS: Final = 75.0
_DEGRADED_FAILURE_RATE: Final = 0.7
"""Over the half at which a breaker opens."""
_DEGRADED_SLOWNESS: Final = 4.0
_FAILURE_WEIGHTS: Final[dict[Failure, int]] = {
    "rate_limit": 5,
    "server_error": 3,
    "stream_error": 2,
    "timeout": 1,
    "stream_cut": 1,
}
_SPREAD: Final = 0.35
"""Sigma of the log-normal times: the 95th percentile is 1.8 times the median, as providers' is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Say how one request goes.

    `gaps_seconds` holds the pause before each piece after the first; `tokens_output` includes
    `tokens_reasoning`, `tokens_input` includes `tokens_cached`.
    """

    failure: Failure | None
    ttft_seconds: float
    gaps_seconds: tuple[float, ...]
    tokens_input: int
    tokens_output: int
    tokens_cached: int
    tokens_reasoning: int


def is_degrading(elapsed_seconds: float) -> bool:
    """Tell whether the degrading provider is in trouble this long after the start."""
    phase = elapsed_seconds % DEGRADATION_PERIOD_SECONDS
    return 0 <= phase - DEGRADATION_START_SECONDS < DEGRADATION_LENGTH_SECONDS


def draw_plan(
    draw: random.Random, provider: SimulatedProvider, model: SimulatedModel, elapsed_seconds: float
) -> Plan:
    """Return a plan for one request that starts this long after the demo did."""
    in_trouble = provider.name == DEGRADING_PROVIDER and is_degrading(elapsed_seconds)
    slowness = _DEGRADED_SLOWNESS if in_trouble else 1.0
    failure_rate = _DEGRADED_FAILURE_RATE if in_trouble else provider.failure_rate
    tokens_input = round(_log_normal(draw, 300.0, 0.8)) + 1
    tokens_output = 0 if model.is_embedding else min(round(_log_normal(draw, 60.0, 0.5)), 200) + 1
    pieces = math.ceil(tokens_output / TOKENS_PER_PIECE)
    piece_seconds = TOKENS_PER_PIECE / model.tokens_per_second if pieces else 0.0
    return Plan(
        failure=_draw_failure(draw, failure_rate),
        ttft_seconds=_log_normal(draw, model.ttft_seconds * slowness, _SPREAD),
        gaps_seconds=tuple(
            _log_normal(draw, piece_seconds * slowness, _SPREAD) for _ in range(max(pieces - 1, 0))
        ),
        tokens_input=tokens_input,
        tokens_output=tokens_output,
        tokens_cached=tokens_input // 2 if draw.random() < 0.3 else 0,
        tokens_reasoning=tokens_output // 2 if model.is_reasoning else 0,
    )


def _draw_failure(draw: random.Random, rate: float) -> Failure | None:
    if draw.random() >= rate:
        return None
    return draw.choices(list(_FAILURE_WEIGHTS), weights=list(_FAILURE_WEIGHTS.values()))[0]


def _log_normal(draw: random.Random, median: float, sigma: float) -> float:
    return draw.lognormvariate(math.log(median), sigma)
