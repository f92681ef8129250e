"""What a series gathered at one endpoint since the last flush."""

from bisect import bisect_left
from math import ceil
from typing import Final, TypeVar

from tokenpulse_shared import histogram

_ENDPOINT: Final = histogram.ENDPOINT

Counts = dict[int, int]
"""Bucket's index → count."""

_Key = TypeVar("_Key")


def add_counts(into: dict[_Key, int], more: dict[_Key, int]) -> None:
    """Add the counts of one mapping to another."""
    for key, count in more.items():
        into[key] = into.get(key, 0) + count


class EndpointDelta:
    """Gather what is told apart by endpoint; not thread-safe."""

    __slots__ = ("streaming_us", "streamings", "ttfb_us", "ttfbs")

    def __init__(self) -> None:
        self.ttfbs: Counts = {}
        self.ttfb_us = 0
        self.streamings: Counts = {}
        self.streaming_us = 0

    def fold(self, ttfb: float, ttfb_us: int, stream_latency: float | None) -> None:
        """Count one response by its start (seconds, with the same in microseconds), a stream by its length too."""
        self.ttfb_us += ttfb_us
        index = bisect_left(_ENDPOINT, ttfb)
        self.ttfbs[index] = self.ttfbs.get(index, 0) + 1
        if stream_latency is not None:
            streamed = max(0.0, stream_latency - ttfb)
            self.streaming_us += ceil(streamed * 1e6 - 0.5)
            index = bisect_left(_ENDPOINT, streamed)
            self.streamings[index] = self.streamings.get(index, 0) + 1

    def merge(self, later: "EndpointDelta") -> None:
        """Add another delta of the same endpoint."""
        add_counts(self.ttfbs, later.ttfbs)
        add_counts(self.streamings, later.streamings)
        self.ttfb_us += later.ttfb_us
        self.streaming_us += later.streaming_us
