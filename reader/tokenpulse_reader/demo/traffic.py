"""Send the demo's requests over HTTP at a steady rate.

Arrivals are independent of answers (a slow upstream does not slow the sender down), as users' are. Bound: at
most `MAX_IN_FLIGHT` requests at once; past that an arrival is left out and counted as `skipped`.
"""

import asyncio
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import httpx

from tokenpulse_reader.demo.catalogue import SIMULATED_PROVIDERS, SimulatedModel

MAX_IN_FLIGHT: Final = 500
DRAIN_SECONDS: Final = 2.0
"""How long open requests may finish at the end; the rest is hung up on."""
_TIMEOUT_SECONDS: Final = 60.0
_STREAMED: Final = 0.7
_ASKS_USAGE: Final = 0.9
_LEAVES_EARLY: Final = 0.02
_UNKNOWN_MODEL: Final = 0.01
_LISTS_MODELS: Final = 0.02
_LEGACY_COMPLETION: Final = 0.06
_LEAVES_AFTER_BYTES: Final = 400
_UNKNOWN_MODEL_ID: Final = "openai/gpt-99"


@dataclass(slots=True)
class TrafficCounts:
    """Count requests by how they ended, as the sender saw it.

    `failed` holds answers with status 400 or more and broken connections; a stream that reports an error or
    breaks off after status 200 counts as answered here, the middleware tells it apart.
    """

    sent: int = 0
    answered: int = 0
    failed: int = 0
    left_early: int = 0
    cut_off: int = 0
    skipped: int = 0

    @property
    def in_flight(self) -> int:
        """Return how many requests have not ended yet."""
        return self.sent - self.answered - self.failed - self.left_early - self.cut_off


class Traffic:
    """Send requests to `base_url`, `rate` a second on average, until cancelled."""

    def __init__(self, base_url: str, *, rate: float, seed: int) -> None:
        self._base_url = base_url
        self._rate = rate
        self._draw = random.Random(seed)
        self._models: Sequence[SimulatedModel] = [m for each in SIMULATED_PROVIDERS for m in each.models]
        self._weights = [each.share / len(each.models) for each in SIMULATED_PROVIDERS for _ in each.models]
        self._open: set[asyncio.Task[None]] = set()
        self.counts = TrafficCounts()

    async def run(self) -> None:
        """Send until cancelled; then let open requests finish for a moment, hang up on the rest."""
        limits = httpx.Limits(max_connections=MAX_IN_FLIGHT, max_keepalive_connections=50)
        async with httpx.AsyncClient(
            base_url=self._base_url, timeout=_TIMEOUT_SECONDS, limits=limits, trust_env=False
        ) as client:
            try:
                await self._send_steadily(client)
            finally:
                await self._drain()

    async def _send_steadily(self, client: httpx.AsyncClient) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += self._draw.expovariate(self._rate)
            await asyncio.sleep(max(due - loop.time(), 0.0))
            method, path, body = self._draw_request()
            leaves_early = self._draw.random() < _LEAVES_EARLY
            if len(self._open) >= MAX_IN_FLIGHT:
                self.counts.skipped += 1
                continue
            self.counts.sent += 1
            request = client.build_request(method, path, json=body)
            task = asyncio.create_task(self._send(client, request, leaves_early=leaves_early))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

    async def _send(self, client: httpx.AsyncClient, request: httpx.Request, *, leaves_early: bool) -> None:
        try:
            response = await client.send(request, stream=True)
            try:
                received = 0
                async for piece in response.aiter_raw():
                    received += len(piece)
                    if leaves_early and received > _LEAVES_AFTER_BYTES:
                        self.counts.left_early += 1
                        return
            finally:
                await response.aclose()
        except httpx.HTTPError:
            self.counts.failed += 1
        else:
            if response.is_error:
                self.counts.failed += 1
            else:
                self.counts.answered += 1

    async def _drain(self) -> None:
        if self._open:
            await asyncio.wait(self._open, timeout=DRAIN_SECONDS)
        remaining = list(self._open)
        for task in remaining:
            task.cancel()
        endings = await asyncio.gather(*remaining, return_exceptions=True)
        self.counts.cut_off += sum(isinstance(ending, asyncio.CancelledError) for ending in endings)

    def _draw_request(self) -> tuple[str, str, dict[str, Any] | None]:
        draw = self._draw
        if draw.random() < _LISTS_MODELS:
            return "GET", "/v1/models", None
        model = draw.choices(self._models, weights=self._weights)[0]
        if model.is_embedding:
            return "POST", "/v1/embeddings", {"model": model.model_id, "input": "How much was it?"}
        body: dict[str, Any] = {"model": model.model_id}
        if draw.random() < _UNKNOWN_MODEL:
            body["model"] = _UNKNOWN_MODEL_ID
        if draw.random() < _STREAMED:
            body["stream"] = True
            if draw.random() < _ASKS_USAGE:
                body["stream_options"] = {"include_usage": True}
        if draw.random() < _LEGACY_COMPLETION:
            return "POST", "/v1/completions", {**body, "prompt": "How much was it?"}
        return (
            "POST",
            "/v1/chat/completions",
            {**body, "messages": [{"role": "user", "content": "How much?"}]},
        )
