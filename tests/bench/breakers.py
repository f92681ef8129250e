"""Measure what it costs to ask a breaker, and what enforcing adds to a request.

Method: interleaved rounds of `breaker.allow` for a model at rest, for one whose breaker is open, for a half-open one
whose probes are out; then of a chat request through the middleware in shadow mode and in enforcing mode, answered by
an app that reads its body. CPU time of the process per call, loops included. Figures are medians over rounds, noise is
the interquartile range; the difference of the two modes is taken within a round.
"""

from typing import Any, Final

from tests.bench.rounds import Block, interleaved, spread
from tests.bench.table import Figure
from tests.support.answers import chat_answer, chat_request
from tests.support.asgi import JSON_TYPE, Server, body, http_scope, replay, request, start
from tokenpulse import Recorder, TokenPulseMiddleware
from tokenpulse_shared.circuits.circuit_index import MovedCircuit

QUESTIONS: Final = 20_000
REQUESTS: Final = 1_000
ROUNDS: Final = 15
QUICK_ROUNDS: Final = 7
ALLOW_MICROSECONDS: Final = 1.0
FAR_SECONDS: Final = 1e9

_HELD: Final = {
    ("groq", "open"): MovedCircuit("OPEN", FAR_SECONDS, None),
    ("groq", "half-open"): MovedCircuit("HALF_OPEN", None, None),
}
_ANSWER: Final = [start(200, JSON_TYPE), body(chat_answer())]


async def measure_breakers(url: str, *, is_quick: bool) -> list[Figure]:
    """Return the figures of both."""
    recorder = Recorder(url, flush_interval=60.0)
    recorder.breaker.allow("groq", "open")
    memory = recorder.breaker._memory
    memory.replace(_HELD, 0.0)
    memory.fresh_until = float("inf")
    blocks = {f"allow, {name}": _asking(recorder, name) for name in ("at rest", "open", "half-open")}
    modes = {mode: _requesting(recorder, mode) for mode in ("shadow", "enforce")}
    taken = await interleaved(blocks | modes, QUICK_ROUNDS if is_quick else ROUNDS)
    recorder.close()
    return _figures(taken)


def _asking(recorder: Recorder, model: str) -> Block:
    async def ask() -> None:
        allow = recorder.breaker.allow
        for _ in range(QUESTIONS):
            allow("groq", model)

    return ask


def _requesting(recorder: Recorder, mode: str) -> Block:
    settings: dict[str, Any] = {"breaker_mode": mode, "genai_prices": False}
    app = TokenPulseMiddleware(replay(_ANSWER), recorder=recorder, **settings)
    content = chat_request()

    async def ask() -> None:
        for _ in range(REQUESTS):
            server = Server([request(content)])
            await app(http_scope(), server.receive, server.send)

    return ask


def _figures(taken: dict[str, list[float]]) -> list[Figure]:
    figures: list[Figure] = []
    for name in ("allow, at rest", "allow, open", "allow, half-open"):
        cost = spread([seconds / QUESTIONS * 1e6 for seconds in taken[name]])
        is_met = cost.median < ALLOW_MICROSECONDS
        target = f"< {ALLOW_MICROSECONDS:g} µs"
        figures.append(Figure(name, f"{cost.median:.2f} µs", f"± {cost.iqr:.2f}", target, is_met))
    pairs = zip(taken["enforce"], taken["shadow"], strict=True)
    added = spread([(enforced - shadow) / REQUESTS * 1e6 for enforced, shadow in pairs])
    shadow = spread([seconds / REQUESTS * 1e6 for seconds in taken["shadow"]])
    figures.append(Figure("request, shadow mode", f"{shadow.median:.2f} µs", f"± {shadow.iqr:.2f}"))
    figures.append(Figure("request, enforcing adds", f"{added.median:.2f} µs", f"± {added.iqr:.2f}"))
    return figures
