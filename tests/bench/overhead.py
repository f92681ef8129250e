"""Measure what a wrapper adds to a request.

Method: an ASGI app that answers at once is called directly, with in-memory receive and send, by the bare app, by a
wrapper of two trivial coroutines ("pass-through"), by one that keeps times and bytes but reads nothing ("times-only":
the least that measuring each chunk can cost in Python), by tokenpulse, and by starlette-exporter's middleware
(defaults, and its body sizes on, as tokenpulse measures them) over an app with twelve routes. Rounds are interleaved; a
round runs every wrapper over a block of requests in random order. The overhead is the block's CPU time (all threads)
less the bare block's of the same round, per request; figures are medians over rounds, noise is the interquartile range.
tokenpulse's recorder writes to a real redis-server on the loopback; one flush per block is inside its time, a block
being what a worker serves in a flush interval of 1 s at 1,000 (plain, JSON) or 100 (streams) requests a second. The
garbage collector is on, and has just run, before every block.
Traffic: POST chat, about 1 kB, answered with about 700 B JSON; the same streamed as 200 chunks of about 200 B with
usage at the end, and 200 chunks in the shapes of Anthropic's messages, Gemini, OpenAI's responses; a plain GET.
"Priced" traffic has its cost looked up in genai-prices; the rest has no table, as after a plain install.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from tests.bench.rounds import Block, interleaved, spread
from tests.bench.table import Figure
from tests.bench.traffic import KINDS, STREAM_CHUNKS, App, Kind, Message, scopes
from tests.bench.wrappers import BARE, EXPORTER, PASS_THROUGH, TIMES_ONLY, TOKENPULSE, wrapped
from tokenpulse import Recorder


class Plan(NamedTuple):
    """Hold requests per block, rounds of a full run."""

    requests: int
    rounds: int


STREAMS: Final = ("stream", "anthropic stream", "gemini stream", "responses stream")
PLANS: Final = {
    "json": Plan(1000, 200),
    "priced json": Plan(1000, 100),
    "stream": Plan(100, 200),
    "anthropic stream": Plan(100, 60),
    "gemini stream": Plan(100, 60),
    "responses stream": Plan(100, 60),
    "plain": Plan(1000, 200),
}
PRICED: Final = "priced json"
QUICK_ROUNDS: Final = 40
JSON_MICROSECONDS: Final = 15.0
CHUNK_MICROSECONDS: Final = 1.5
RATIOS: Final = {
    "json": (EXPORTER, 0.3),
    "priced json": (EXPORTER, 0.3),
    **dict.fromkeys(STREAMS, (PASS_THROUGH, 3.0)),
    "plain": (EXPORTER, 0.15),
}
"""Kind of traffic → (rival, most that tokenpulse may add as a multiple of what the rival adds)."""


async def measure_overhead(redis_url: str, *, is_quick: bool) -> list[Figure]:
    """Return the figures of all kinds of traffic."""
    figures: list[Figure] = []
    for name, kind in KINDS.items():
        plan = PLANS[name]
        # Its thread is not to run in a rival's block.
        recorder = Recorder(redis_url, flush_interval=60.0, genai_prices=name == PRICED)
        blocks = {
            rival: measured_block(app, kind, plan.requests, recorder.flush if rival == TOKENPULSE else None)
            for rival, app in wrapped(kind.app, recorder).items()
        }
        rounds = QUICK_ROUNDS if is_quick else plan.rounds
        seconds = await interleaved(blocks, rounds)
        recorder.close()
        _check_counted(recorder, 0 if name == "plain" else plan.requests * (rounds + 1))
        figures += _figures(name, _overheads(seconds, plan.requests), seconds[BARE], plan.requests)
    return figures


def measured_block(app: App, kind: Kind, requests: int, flush: Callable[[], bool] | None) -> Block:
    """Return a block of so many requests to an app, with the flush that they cause."""
    fresh_scope = scopes(kind)
    body = kind.body

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        del message

    async def run() -> None:
        for _ in range(requests):
            await app(fresh_scope(), receive, send)
        if flush is not None and not flush():
            raise RuntimeError("the flush did not reach Redis: the figures would leave its cost out")

    return run


def _check_counted(recorder: Recorder, requests: int) -> None:
    """Refuse figures of a wrapper that did not do its work.

    Raises:
        RuntimeError: an inference request was not counted, or something failed inside tokenpulse.
    """
    stats = recorder.stats()
    errors = {name: times for name, times in stats["counts"].items() if name.startswith("error:")}
    if errors or stats["observations"] != requests:
        raise RuntimeError(
            f"counted {stats['observations']} of {requests} inference requests, errors: {errors}"
        )


def _overheads(seconds: Mapping[str, Sequence[float]], requests: int) -> dict[str, list[float]]:
    """Return microseconds over the bare app per request, by rival, one per round."""
    return {
        name: [(mine - bare) * 1e6 / requests for mine, bare in zip(values, seconds[BARE], strict=True)]
        for name, values in seconds.items()
        if name != BARE
    }


def _figures(
    name: str, over: Mapping[str, Sequence[float]], bare: Sequence[float], requests: int
) -> list[Figure]:
    per_bare = [seconds * 1e6 / requests for seconds in bare]
    json_most = JSON_MICROSECONDS if name == "json" else None
    figures = [
        _microseconds(f"{name}: the bare app itself", per_bare),
        _microseconds(f"{name}: {PASS_THROUGH} adds", over[PASS_THROUGH]),
        _microseconds(f"{name}: {TIMES_ONLY} adds", over[TIMES_ONLY]),
        _microseconds(f"{name}: {EXPORTER} adds", over[EXPORTER]),
        _microseconds(f"{name}: {TOKENPULSE} adds", over[TOKENPULSE], json_most),
    ]
    if name in STREAMS:
        per_chunk = [microseconds / STREAM_CHUNKS for microseconds in over[TOKENPULSE]]
        figures.append(_microseconds(f"{name}: {TOKENPULSE} adds per chunk", per_chunk, CHUNK_MICROSECONDS))
        figures.append(_times(name, over, TIMES_ONLY, PASS_THROUGH))
    return [*figures, _ratio(name, over)]


def _microseconds(what: str, values: Sequence[float], most: float | None = None) -> Figure:
    middle, noise = spread(values)
    target = None if most is None else f"≤ {most:g} µs"
    return Figure(
        what, f"{middle:.2f} µs", f"± {noise:.2f}", target, None if most is None else middle <= most
    )


def _ratio(name: str, over: Mapping[str, Sequence[float]]) -> Figure:
    rival, most = RATIOS[name]
    return _times(name, over, TOKENPULSE, rival, most)


def _times(
    name: str, over: Mapping[str, Sequence[float]], mine: str, other: str, most: float | None = None
) -> Figure:
    """Return how many times what the other adds one adds."""
    ratios = [more / less for more, less in zip(over[mine], over[other], strict=True)]
    middle, noise = spread(ratios)
    target = None if most is None else f"≤ × {most:g}"
    is_met = None if most is None else middle <= most
    return Figure(f"{name}: {mine}'s over {other}'s", f"× {middle:.3f}", f"± {noise:.3f}", target, is_met)
