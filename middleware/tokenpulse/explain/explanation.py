"""Explain an exchange: its events one by one, beside the observation that the middleware makes of it."""

from typing import NamedTuple

from tokenpulse.dialects.facts import Content
from tokenpulse.explain.asked_prices import AskedPrices
from tokenpulse.explain.exchange import Exchange
from tokenpulse.explain.reads import Cut, Reads, reads_of
from tokenpulse.explain.replayed import Told, replayed
from tokenpulse.explain.seen_event import SeenEvent, answer_framing, seen_events
from tokenpulse.explain.usage_origins import usage_origins
from tokenpulse.reading.request_reader import read_request
from tokenpulse.reading.stream_framing import Framing
from tokenpulse.requests.endpoints import Endpoint, Endpoints
from tokenpulse_shared.records import Observation
from tokenpulse_shared.settings import Settings


class CostSource(NamedTuple):
    """Tell where a cost came from: `response`, `price_file`, `genai-prices`; None, and why, if there is none."""

    name: str | None
    why_not: str | None = None


class Explanation(NamedTuple):
    """Tell what tokenpulse sees in an exchange.

    `framing`: None when its encoding hides it. `first_content`, `first_visible`, `last_content`: the number of an
    event, None: there was none. `usage_origins`: which numbers of the usage came from which event. `faults`: how
    often each cause of bad input was set aside. Durations of the observation are counts of reads, no times.
    """

    framing: Framing | None
    events: tuple[SeenEvent, ...]
    reads: Reads
    observation: Observation
    first_content: int | None
    first_visible: int | None
    last_content: int | None
    usage_origins: dict[int, tuple[str, ...]]
    cost: CostSource
    faults: dict[str, int]


def endpoint_of(exchange: Exchange, settings: Settings) -> Endpoint | None:
    """Return how the middleware reads an exchange, None if that is plain HTTP to it.

    Raises:
        SettingsError: the setting `endpoints` cannot be used.
    """
    if exchange.method != "POST":
        return None
    return Endpoints((), settings.endpoints).find(exchange.path or "")


async def explain(
    exchange: Exchange,
    endpoint: Endpoint,
    settings: Settings,
    *,
    cut: Cut = "events",
    provider: str | None = None,
    model: str | None = None,
) -> Explanation:
    """Return what tokenpulse sees in an exchange.

    endpoint: what `endpoint_of` says of it. provider, model: what the app would annotate.

    Raises:
        SettingsError: a setting cannot be used.
    """
    asked = read_request(exchange.request_body, endpoint.dialect, list(exchange.request_headers))
    framing = answer_framing(exchange, endpoint.is_stream)
    events = tuple(seen_events(exchange, framing, asked.dialect))
    reads = reads_of(exchange, events, cut)
    prices = AskedPrices(settings)
    observation, faults = await replayed(exchange, reads, settings, prices, Told(provider, model))
    contents = [event for event in events if event.facts is not None and event.facts.content]
    visible = [event for event in contents if event.facts and event.facts.content is Content.VISIBLE]
    return Explanation(
        framing,
        events,
        reads,
        observation,
        _event_at(observation.ttft_seconds, contents, reads),
        _event_at(observation.first_visible_seconds, visible, reads),
        contents[-1].number if contents else None,
        usage_origins(events),
        _cost_source(observation, prices),
        faults,
    )


def _event_at(read: float | None, events: list[SeenEvent], reads: Reads) -> int | None:
    """Return the event that the middleware's time means: the first of these that this read completed."""
    if read is None:
        return None
    return next((event.number for event in events if reads.number_at(event.end) >= read), None)


def _cost_source(observation: Observation, prices: AskedPrices) -> CostSource:
    if observation.cost_nano_usd is not None:
        return CostSource(prices.source or "response")
    if observation.usage_source != "reported":
        return CostSource(None, f"usage is {observation.usage_source}, only what was reported is priced")
    if prices.is_empty:
        return CostSource(None, "no price table: no price_file, and no genai-prices")
    if not prices.was_asked:
        return CostSource(None, "input or output tokens are not known")
    return CostSource(None, f"no table prices model {observation.model} of provider {observation.provider}")
