"""One request that stands for its series: its trace, so that a histogram leads to an example.

Kept as one field of the series' totals: `<trace id> <epoch seconds> <latency µs> <ttft µs>`, the last only for a
stream. Bound: 64 bytes, past which Redis no longer keeps a hash compactly.
"""

import re
from typing import Final, NamedTuple, Self

MAX_BYTES: Final = 64
_TRACE_ID: Final = re.compile(r"(?!0{32})[0-9a-f]{32}")


def is_trace_id(text: str) -> bool:
    """Tell whether this is a trace's id as W3C's Trace Context writes it: 32 hexadecimal digits, not all zero."""
    return _TRACE_ID.fullmatch(text) is not None


class Exemplar(NamedTuple):
    """Hold a request's trace with its times, seconds; `at`: epoch seconds; `ttft_seconds` is None without a stream."""

    trace_id: str
    at: float
    latency_seconds: float
    ttft_seconds: float | None = None

    def encoded(self) -> str | None:
        """Return it as Redis keeps it, None where that would be too long."""
        times = (
            [self.latency_seconds] if self.ttft_seconds is None else [self.latency_seconds, self.ttft_seconds]
        )
        text = " ".join((self.trace_id, f"{self.at:.0f}", *(f"{seconds * 1e6:.0f}" for seconds in times)))
        return text if len(text) <= MAX_BYTES else None

    @classmethod
    def decoded(cls, text: bytes) -> Self:
        """Return what `encoded` wrote.

        Raises:
            ValueError: it is something else.
        """
        trace_id, at, latency, *rest = text.decode("ascii").split(" ")
        if len(text) > MAX_BYTES or not is_trace_id(trace_id) or len(rest) > 1:
            raise ValueError(text)
        return cls(trace_id, int(at), int(latency) / 1e6, int(rest[0]) / 1e6 if rest else None)
