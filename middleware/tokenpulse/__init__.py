"""Measure what an ASGI app's inference traffic does."""

from tokenpulse.annotations import annotate
from tokenpulse.compat import RedisMetrics
from tokenpulse.middleware import TokenPulseMiddleware
from tokenpulse.recorder import Recorder

__all__ = ["Recorder", "RedisMetrics", "TokenPulseMiddleware", "annotate"]
