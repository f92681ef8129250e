"""Decode the hashes that `totals` describes, pure.

Strategy: every field name that can be known beforehand is looked up in one dict, so that a hash of 80 fields
costs about 15 µs; only endpoints, finish reasons, error types are taken apart. A bucket label that this version does
not know (another version wrote it) counts in the first of our buckets that holds all its values.
Invariant: a value that is no whole number is left out and counted, never guessed.
"""

from collections.abc import Mapping
from math import isnan
from typing import Final

from tokenpulse_shared import histogram
from tokenpulse_shared.counters import WINDOW_COUNTERS
from tokenpulse_shared.exemplar import Exemplar
from tokenpulse_shared.names import printable
from tokenpulse_shared.totals import totals
from tokenpulse_shared.totals.totals_records import HistogramTotals, SeriesTotals

Fields = Mapping[bytes, bytes]

_FINE: Final = {
    totals.LATENCY_SUCCESS: histogram.LATENCY,
    totals.LATENCY_ERROR: histogram.LATENCY,
    totals.TTFT: histogram.TTFT,
    totals.TPOT: histogram.TPOT,
    totals.COST: histogram.COST,
    totals.COST_PER_1K: histogram.COST,
    totals.INPUT_TOKENS: histogram.TOKENS,
    totals.OUTPUT_TOKENS: histogram.TOKENS,
}
_SUM_FIELDS: Final = {
    totals.LATENCY_SUCCESS: "latency_success_us",
    totals.LATENCY_ERROR: "latency_error_us",
    totals.TTFT: "ttft_us",
    totals.TPOT: "tpot_us",
    totals.COST: "total_cost",
    totals.COST_PER_1K: "cost_per_1k_nano",
    totals.INPUT_TOKENS: "tokens_input",
    totals.OUTPUT_TOKENS: "tokens_output",
}
_SCALARS: Final = {name.encode(): name for name in (*WINDOW_COUNTERS, *_SUM_FIELDS.values())}
_BUCKETS: Final = {
    f"{quantity}:{label}".encode(): (quantity, index)
    for quantity, bounds in _FINE.items()
    for index, label in enumerate(histogram.bound_labels(bounds))
}
_GUARD: Final = totals.GUARD_FIELD_PREFIX.encode()
_CREATED: Final = totals.CREATED.encode()
_EXEMPLAR: Final = totals.EXEMPLAR.encode()
_ENDPOINT_QUANTITIES: Final = (totals.TTFB, totals.STREAMING)


def bucket_place(bounds: tuple[float, ...], label: str) -> int:
    """Return the index of the bucket that the values under a label belong to.

    Raises:
        ValueError: the label is no number.
    """
    bound = float(label)
    if isnan(bound):
        raise ValueError(label)
    return histogram.bucket_of(bounds, bound)


def clean_member(member: bytes) -> str:
    """Return a name from an index.

    Raises:
        ValueError: no writer writes such a name: it is no UTF-8, or holds control characters. Two such names
            could become one label.
    """
    name = member.decode()
    if printable(name) != name:
        raise ValueError(name)
    return name


class SeriesDecoder:
    """Decode one hash; `unreadable` counts the fields left out."""

    __slots__ = (
        "_buckets",
        "_created_at",
        "_endpoint_buckets",
        "_endpoint_sums",
        "_exemplar",
        "_scalars",
        "_words",
        "unreadable",
    )

    def __init__(self) -> None:
        self.unreadable = 0
        self._created_at: float | None = None
        self._exemplar: Exemplar | None = None
        self._scalars: dict[str, int] = {}
        self._buckets: dict[str, list[int]] = {}
        self._endpoint_buckets: dict[tuple[str, str], list[int]] = {}
        self._endpoint_sums: dict[tuple[str, str], int] = {}
        self._words: dict[str, dict[str, int]] = {totals.FINISH: {}, totals.ERROR: {}}

    def decode(self, fields: Fields) -> SeriesTotals:
        """Return what the hash holds."""
        scalars, buckets = self._scalars, self._buckets
        for field, text in fields.items():
            try:
                name = _SCALARS.get(field)
                if name is not None:
                    scalars[name] = int(text)
                    continue
                place = _BUCKETS.get(field)
                if place is None:
                    self._dynamic(field, text)
                    continue
                quantity, index = place
                if quantity not in buckets:
                    buckets[quantity] = [0] * (len(_FINE[quantity]) + 1)
                buckets[quantity][index] += int(text)
            except ValueError:
                self.unreadable += 1
        return SeriesTotals(
            counters=scalars,
            histograms={
                quantity: HistogramTotals(counts, scalars.get(_SUM_FIELDS[quantity], 0))
                for quantity, counts in buckets.items()
            },
            endpoints={
                key: HistogramTotals(counts, self._endpoint_sums.get(key, 0))
                for key, counts in self._endpoint_buckets.items()
            },
            created_at=self._created_at,
            exemplar=self._exemplar,
            finish_reasons=self._words[totals.FINISH],
            error_types=self._words[totals.ERROR],
        )

    def _dynamic(self, field: bytes, text: bytes) -> None:
        """Count a field whose name holds an endpoint, a word or an unknown boundary.

        Raises:
            ValueError: the field or its value cannot be read.
        """
        if field.startswith(_GUARD):
            return
        if field == _CREATED:
            self._created_at = int(text) / 1e6
            return
        if field == _EXEMPLAR:
            self._exemplar = Exemplar.decoded(text)
            return
        head, _, rest = printable(field.decode()).partition(":")
        words = self._words.get(head)
        if words is not None:
            words[rest] = words.get(rest, 0) + int(text)
        elif head in _ENDPOINT_QUANTITIES:
            label, _, endpoint = rest.partition(":")
            index, bounds = bucket_place(histogram.ENDPOINT, label), histogram.ENDPOINT
            self._endpoint_buckets.setdefault((head, endpoint), [0] * (len(bounds) + 1))[index] += int(text)
        elif head.removesuffix("_us") in _ENDPOINT_QUANTITIES:
            key = (head.removesuffix("_us"), rest)
            self._endpoint_sums[key] = self._endpoint_sums.get(key, 0) + int(text)
        elif head in _FINE:
            index, bounds = bucket_place(_FINE[head], rest), _FINE[head]
            self._buckets.setdefault(head, [0] * (len(bounds) + 1))[index] += int(text)
