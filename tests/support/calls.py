"""Calls to providers made up from a seed, written through the real recorder, reckoned here independently."""

import math
import random
from collections.abc import Callable, Iterable, Sequence
from typing import Final, NamedTuple

from tests.support.clock import FakeClock
from tokenpulse.recorder import ErrorType, Recorder

PROVIDERS: Final = ("groq", "openai", "pro:vider/x")
MODELS: Final = ("openai/gpt-4o", "llama3:8b", "a{b}%c")
_ERRORS: Final[tuple[ErrorType, ...]] = ("timeout", "rate_limit", "network", "other")
_FLUSH_SECONDS: Final = 300.0


class Call(NamedTuple):
    """Hold one call; `at` is the epoch second it ended."""

    at: float
    provider: str
    model: str
    latency_ms: float
    success: bool
    error_type: ErrorType | None
    tokens_input: int | None
    tokens_output: int | None
    cost_nano_usd: int | None
    ttft_ms: float | None


def random_calls(seed: int, count: int, begin: float, end: float) -> list[Call]:
    """Return calls in order of time; latencies are log-normal around 0.6 s, kept to the microsecond."""
    source = random.Random(seed)
    moments = sorted(source.uniform(begin, end) for _ in range(count))
    return [_random_call(source, at) for at in moments]


def _random_call(source: random.Random, at: float) -> Call:
    success = source.random() < 0.85
    streams = success and source.random() < 0.6
    latency_ms = round(source.lognormvariate(6.4, 0.9), 3)
    return Call(
        at=at,
        provider=source.choice(PROVIDERS),
        model=source.choice(MODELS),
        latency_ms=latency_ms,
        success=success,
        error_type=None if success else source.choice(_ERRORS),
        tokens_input=source.randrange(1, 4000) if success else None,
        tokens_output=source.randrange(1, 900) if success else None,
        cost_nano_usd=source.randrange(1, 5_000_000) if success and source.random() < 0.9 else None,
        ttft_ms=round(latency_ms * source.uniform(0.05, 0.9), 3) if streams else None,
    )


def replay(
    calls: Iterable[Call],
    recorder: Recorder,
    clock: FakeClock,
    end: float,
    *,
    flush_seconds: float = _FLUSH_SECONDS,
) -> None:
    """Record the calls as time goes by, flushing on the way; leave the clock at `end`."""
    flushed_at = clock.time()
    for call in calls:
        clock.advance(call.at - clock.time())
        if clock.time() - flushed_at >= flush_seconds:
            assert recorder.flush()
            flushed_at = clock.time()
        record(recorder, call)
    assert recorder.flush()
    clock.advance(end - clock.time())


def record(recorder: Recorder, call: Call) -> None:
    """Record one call."""
    recorder.record(
        provider=call.provider,
        model=call.model,
        latency_ms=call.latency_ms,
        success=call.success,
        error_type=call.error_type,
        tokens_input=call.tokens_input,
        tokens_output=call.tokens_output,
        cost=None if call.cost_nano_usd is None else call.cost_nano_usd / 1e9,
        ttft_ms=call.ttft_ms,
        streaming=call.ttft_ms is not None,
        error_message=None if call.success else f"{call.error_type} of {call.model}",
    )


def chosen(calls: Iterable[Call], choose: Callable[[Call], bool]) -> list[Call]:
    """Return the calls chosen, in order."""
    return [call for call in calls if choose(call)]


def nearest_rank(values: Sequence[float], percentile: float) -> float:
    """Return the smallest value with at least `percentile` % of all at or below it."""
    ordered = sorted(values)
    return ordered[max(1, math.ceil(percentile * len(ordered) / 100 - 1e-9)) - 1]


def expected_counts(calls: Sequence[Call]) -> dict[str, int]:
    """Return the counters that the calls add up to, by their names in Redis; those that are 0 are absent."""
    outcomes = {
        "timeout": "timeout",
        "rate_limit": "rate_limit",
        "network": "network",
        "other": "provider_error",
    }
    counts = {
        "total_requests": len(calls),
        "successful_requests": sum(call.success for call in calls),
        "failed_requests": sum(not call.success for call in calls),
        "tokens_input": sum(call.tokens_input or 0 for call in calls),
        "tokens_output": sum(call.tokens_output or 0 for call in calls),
        "total_cost": sum(call.cost_nano_usd or 0 for call in calls),
        "latency_us": sum(round(call.latency_ms * 1000) for call in calls),
        "latency_count": len(calls),
        "ttft_us": sum(round((call.ttft_ms or 0.0) * 1000) for call in calls),
        "ttft_count": sum(call.ttft_ms is not None for call in calls),
        "unpriced_requests": sum(call.cost_nano_usd is None for call in calls),
        "outcome:success": sum(call.success for call in calls),
        "usage:reported": sum(call.tokens_input is not None for call in calls),
        "usage:unknown": sum(call.tokens_input is None for call in calls),
        **{
            f"outcome:{outcome}": sum(call.error_type == error_type for call in calls)
            for error_type, outcome in outcomes.items()
        },
    }
    return {name: count for name, count in counts.items() if count}
