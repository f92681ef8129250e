"""An app that answers like a gateway in front of several providers.

It stands for the user's own app: an ordinary Starlette app that knows nothing about tokenpulse, except that it
annotates what only it can know (the cost, for the providers whose answers do not hold one).
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator
from typing import Any, Final, NamedTuple

import orjson
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from tokenpulse import annotate
from tokenpulse_reader.demo import answers
from tokenpulse_reader.demo.catalogue import SIMULATED_PROVIDERS, SimulatedModel, SimulatedProvider
from tokenpulse_reader.demo.plans import Plan, draw_plan
from tokenpulse_shared.clock import Clock

_JSON: Final = "application/json"
_TIMEOUT_SECONDS: Final = 2.0
"""How long a simulated timeout takes; a real one takes 30 s or more."""
_STATUS_OF: Final[dict[str, int]] = {"rate_limit": 429, "server_error": 500, "timeout": 504}


class _Order(NamedTuple):
    """What a valid request asks for."""

    provider: SimulatedProvider
    model: SimulatedModel
    is_streaming: bool
    wants_usage: bool


class SimulatedUpstream:
    """Answer requests by plans drawn from a seed; `app` is the ASGI app."""

    def __init__(self, *, seed: int, clock: Clock) -> None:
        self._draw = random.Random(seed)
        self._clock = clock
        self._started = clock.monotonic()
        self._count = 0
        self._by_model = {
            model.model_id: (each, model) for each in SIMULATED_PROVIDERS for model in each.models
        }
        self.app = Starlette(
            routes=[
                Route("/v1/chat/completions", self._chat, methods=["POST"]),
                Route("/v1/completions", self._completions, methods=["POST"]),
                Route("/v1/embeddings", self._embeddings, methods=["POST"]),
                Route("/v1/models", self._models, methods=["GET"]),
            ]
        )

    @property
    def elapsed_seconds(self) -> float:
        """Return the seconds since this upstream was made."""
        return self._clock.monotonic() - self._started

    async def _chat(self, request: Request) -> Response:
        return await self._generate(request, "chat")

    async def _completions(self, request: Request) -> Response:
        return await self._generate(request, "completions")

    async def _models(self, request: Request) -> Response:
        data = [
            {"id": name, "object": "model", "owned_by": each.name}
            for name, (each, _) in self._by_model.items()
        ]
        return Response(orjson.dumps({"object": "list", "data": data}), media_type=_JSON)

    async def _embeddings(self, request: Request) -> Response:
        order = self._read_order(await request.body())
        if isinstance(order, Response):
            return order
        plan = draw_plan(self._draw, order.provider, order.model, self.elapsed_seconds)
        await asyncio.sleep(plan.ttft_seconds)
        if plan.failure is not None:
            return await _failure(_STATUS_OF.get(plan.failure, 500))
        cost_usd = _settle_cost(request, order, plan)
        return Response(answers.embedding_body(order.model.model_id, plan, cost_usd), media_type=_JSON)

    async def _generate(self, request: Request, operation: answers.Operation) -> Response:
        order = self._read_order(await request.body())
        if isinstance(order, Response):
            return order
        plan = draw_plan(self._draw, order.provider, order.model, self.elapsed_seconds)
        is_broken_stream = order.is_streaming and plan.failure in ("stream_error", "stream_cut")
        if plan.failure is not None and not is_broken_stream:
            return await _failure(_STATUS_OF.get(plan.failure, 500))
        usage = answers.usage_object(plan, _settle_cost(request, order, plan))
        self._count += 1
        head = answers.AnswerHead(
            identifier=f"demo-{self._count}",
            operation=operation,
            model_id=order.model.model_id,
            created=int(self._clock.time()),
        )
        if order.is_streaming:
            events = _stream(head, plan, usage if order.wants_usage else None)
            return StreamingResponse(events, media_type="text/event-stream")
        await pause_for_client(request, plan.ttft_seconds + sum(plan.gaps_seconds))
        return Response(answers.whole_body(head, plan, usage), media_type=_JSON)

    def _read_order(self, body: bytes) -> "_Order | Response":
        try:
            asked: Any = orjson.loads(body)
        except orjson.JSONDecodeError:
            asked = None
        model_id = asked.get("model") if isinstance(asked, dict) else None
        if not isinstance(model_id, str):
            return _refusal(400, "The body must be a JSON object with a text field `model`")
        if model_id not in self._by_model:
            return _refusal(404, f"The model `{model_id}` does not exist; GET /v1/models lists those that do")
        options = asked.get("stream_options")
        wants_usage = isinstance(options, dict) and options.get("include_usage") is True
        return _Order(*self._by_model[model_id], asked.get("stream") is True, wants_usage)


async def pause_for_client(request: Request, seconds: float) -> None:
    """Return after `seconds`, or once the client left: a gateway waits for nobody, so the demo's end need not either.

    The request's body was read before.
    """
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            while (await request.receive())["type"] != "http.disconnect":
                pass


def _settle_cost(request: Request, order: _Order, plan: Plan) -> float | None:
    """Return the cost that the answer itself reports, None when it reports none."""
    cost_usd = order.model.cost_usd(plan.tokens_input, plan.tokens_output)
    if order.provider.cost_source == "annotation":
        annotate(request.scope, cost_usd=cost_usd)
    return cost_usd if order.provider.cost_source == "response" else None


async def _stream(head: answers.AnswerHead, plan: Plan, usage: dict[str, Any] | None) -> AsyncIterator[bytes]:
    yield answers.prelude_event(head)
    await asyncio.sleep(plan.ttft_seconds)
    breaks_after = len(plan.gaps_seconds) // 2 if plan.failure else None
    for number, event in enumerate(answers.content_events(head, plan)):
        if number:
            await asyncio.sleep(plan.gaps_seconds[number - 1])
        yield event
        if number == breaks_after:
            if plan.failure == "stream_error":
                yield answers.error_event()
            return
    for event in answers.closing_events(head, usage):
        yield event


async def _failure(status_code: int) -> Response:
    if status_code == 504:
        await asyncio.sleep(_TIMEOUT_SECONDS)
    headers = {"retry-after": "5"} if status_code == 429 else None
    return Response(answers.failure_body(status_code), status_code, headers, _JSON)


def _refusal(status_code: int, message: str) -> Response:
    return Response(answers.error_body(message, "invalid_request_error"), status_code, media_type=_JSON)
