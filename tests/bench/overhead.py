"""Measure what a wrapper adds to a request.

Method: an ASGI app that answers at once is called directly, with in-memory receive and send, by the bare app, by a
wrapper of two trivial coroutines ("pass-through"), by tokenpulse, and by starlette-exporter's middleware with its
defaults. Rounds are interleaved; a round runs every wrapper over a block of requests in random order. The overhead
is the block's CPU time (all threads) less the bare block's of the same round, per request; figures are medians over
rounds, noise is the interquartile range. tokenpulse's recorder writes to a real redis-server on the loopback; one
flush per block is inside its time, a block being what a worker serves in a flush interval of 1 s at 1,000 (plain,
JSON) or 100 (streams) requests a second. The garbage collector is on, and has just run, before every block.
Traffic: POST chat, about 1 kB, answered with about 700 B JSON; the same streamed as 200 chunks of about 200 B with
usage at the end; a plain GET.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

from tests.bench.rounds import Block, Spread, interleaved, spread
from tests.bench.table import Figure
from tests.bench.traffic import KINDS, App, Kind, Message, scopes
from tests.bench.wrappers import BARE, EXPORTER, PASS_THROUGH, TOKENPULSE, wrapped


class Plan(NamedTuple):
    """Hold requests per block, rounds of a full run."""

    requests: int
    rounds: int


PLANS: Final = {"json": Plan(1000, 60), "stream": Plan(100, 60), "plain": Plan(1000, 60)}
QUICK_ROUNDS: Final = 12
JSON_MICROSECONDS: Final = 15.0
JSON_OF_EXPORTER: Final = 0.3
STREAM_OF_PASS_THROUGH: Final = 3.0
PLAIN_OF_EXPORTER: Final = 0.15


async def measure_overhead(redis_url: str, *, is_quick: bool) -> list[Figure]:
    """Return the figures of all kinds of traffic."""
    figures: list[Figure] = []
    for name, kind in KINDS.items():
        plan = PLANS[name]
        apps, flush = wrapped(kind.app, redis_url)
        blocks = {
            rival: _block(app, kind, plan.requests, flush if rival == TOKENPULSE else None)
            for rival, app in apps.items()
        }
        seconds = await interleaved(blocks, QUICK_ROUNDS if is_quick else plan.rounds)
        figures += _figures(name, _overheads(seconds, plan.requests), seconds[BARE], plan.requests)
    return figures


def _block(app: App, kind: Kind, requests: int, flush: Callable[[], bool] | None) -> Block:
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


def _overheads(seconds: Mapping[str, Sequence[float]], requests: int) -> dict[str, list[float]]:
    """Return microseconds over the bare app per request, by rival, one per round."""
    return {
        name: [
            (mine - bare) * 1e6 / requests for mine, bare in zip(values, seconds[BARE], strict=True)
        ]
        for name, values in seconds.items()
        if name != BARE
    }


def _ratio(over: Mapping[str, Sequence[float]], rival: str) -> Spread:
    return spread([mine / other for mine, other in zip(over[TOKENPULSE], over[rival], strict=True)])


def _figures(
    name: str, over: Mapping[str, Sequence[float]], bare: Sequence[float], requests: int
) -> list[Figure]:
    bare_spread = spread([seconds * 1e6 / requests for seconds in bare])
    figures = [Figure(f"{name}: the bare app itself", f"{bare_spread.median:.2f} µs", f"± {bare_spread.iqr:.2f}")]
    for rival in (PASS_THROUGH, EXPORTER, TOKENPULSE):
        added = spread(over[rival])
        is_promised = name == "json" and rival == TOKENPULSE
        figures.append(
            Figure(
                f"{name}: {rival} adds",
                f"{added.median:.2f} µs",
                f"± {added.iqr:.2f}",
                f"≤ {JSON_MICROSECONDS:g} µs" if is_promised else None,
                added.median <= JSON_MICROSECONDS if is_promised else None,
            )
        )
    rival, most = {
        "json": (EXPORTER, JSON_OF_EXPORTER),
        "stream": (PASS_THROUGH, STREAM_OF_PASS_THROUGH),
        "plain": (EXPORTER, PLAIN_OF_EXPORTER),
    }[name]
    ratio = _ratio(over, rival)
    what = f"{name}: tokenpulse's over {rival}'s"
    figures.append(
        Figure(what, f"× {ratio.median:.3f}", f"± {ratio.iqr:.3f}", f"≤ × {most:g}", ratio.median <= most)
    )
    return figures
