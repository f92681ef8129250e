"""Explain what tokenpulse sees in a recorded exchange: for the command line, not for the way of a request."""

from tokenpulse.explain.answer_shape import DIALECT_NAMES, Place, place_of
from tokenpulse.explain.exchange import Exchange, Headers
from tokenpulse.explain.explanation import CostSource, Explanation, endpoint_of, explain
from tokenpulse.explain.plain_body import with_plain_body
from tokenpulse.explain.reads import Cut
from tokenpulse.explain.seen_event import SeenEvent
from tokenpulse.explain.usage_origins import told_numbers
from tokenpulse.requests.endpoints import Endpoint

__all__ = [
    "DIALECT_NAMES",
    "CostSource",
    "Cut",
    "Endpoint",
    "Exchange",
    "Explanation",
    "Headers",
    "Place",
    "SeenEvent",
    "endpoint_of",
    "explain",
    "place_of",
    "told_numbers",
    "with_plain_body",
]
