"""Decode an app's hash of plain HTTP counters with its writers' reports, pure.

Invariants: a field or report that cannot be read is left out and counted, never guessed; labels that become
the same once they are printable add up.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import orjson

from tokenpulse_shared import histogram
from tokenpulse_shared.names import printable
from tokenpulse_shared.totals.totals import CREATED, GUARD_FIELD_PREFIX, http_labels
from tokenpulse_shared.totals.totals_decoding import Fields, bucket_place, clean_member
from tokenpulse_shared.totals.totals_records import AppTotals, HistogramTotals, WriterReport

_GUARD: Final = GUARD_FIELD_PREFIX.encode()
_CREATED: Final = CREATED.encode()
_HISTOGRAMS: Final = {
    # field's first label: (boundaries, field of the sum, labels before <le>)
    "duration": (histogram.HTTP, "duration_us", 3),
    "request_size": (histogram.SIZE, "request_bytes", 2),
    "response_size": (histogram.SIZE, "response_bytes", 2),
}
_SUMS: Final = {sum_field: (kind, size) for kind, (_, sum_field, size) in _HISTOGRAMS.items()}
_COUNTS: Final = {"requests": 3, "exceptions": 1, "internal": 1}

Key = tuple[str, ...]
T = TypeVar("T")


class HttpDecoder:
    """Decode one app's hashes; `unreadable` counts the fields and reports left out."""

    __slots__ = ("_buckets", "_counts", "_created_at", "_sums", "unreadable")

    def __init__(self) -> None:
        self.unreadable = 0
        self._created_at: float | None = None
        self._counts: dict[str, dict[Key, int]] = {kind: {} for kind in _COUNTS}
        self._buckets: dict[str, dict[Key, list[int]]] = {kind: {} for kind in _HISTOGRAMS}
        self._sums: dict[str, dict[Key, int]] = {kind: {} for kind in _HISTOGRAMS}

    def decode(self, name: str, fields: Fields, reports: Fields) -> AppTotals:
        """Return what an app's counters and its writers' reports hold."""
        for field, text in fields.items():
            try:
                labels = http_labels(field)
                if labels is None:
                    self._unlabelled(field, text)
                    continue
                self._count([printable(str(label)) for label in labels], int(text))
            except (ValueError, IndexError):
                self.unreadable += 1
        pairs = {kind: self._histograms(kind) for kind in _HISTOGRAMS}
        return AppTotals(
            name=name,
            requests={(key[0], key[1], key[2]): count for key, count in self._counts["requests"].items()},
            durations={(key[0], key[1], key[2]): held for key, held in pairs["duration"].items()},
            request_sizes={(key[0], key[1]): held for key, held in pairs["request_size"].items()},
            response_sizes={(key[0], key[1]): held for key, held in pairs["response_size"].items()},
            exceptions={key[0]: count for key, count in self._counts["exceptions"].items()},
            internal={key[0]: count for key, count in self._counts["internal"].items()},
            writers=tuple(self._reports(reports)),
            created_at=self._created_at,
        )

    def _unlabelled(self, field: bytes, text: bytes) -> None:
        """Take a field that counts nothing; raises ValueError when it is none of ours."""
        if field == _CREATED:
            self._created_at = int(text) / 1e6
        elif not field.startswith(_GUARD):
            raise ValueError(field)

    def _count(self, labels: list[str], count: int) -> None:
        """Count one field; a kind this version does not know is passed over.

        Raises:
            ValueError: a boundary is no number, or the field has too few labels.
            IndexError: the field has no labels.
        """
        kind, key = labels[0], tuple(labels[1:])
        if kind in _HISTOGRAMS:
            bounds, _, size = _HISTOGRAMS[kind]
            index = bucket_place(bounds, key[size])
            self._buckets[kind].setdefault(_sized(key[:size], size), [0] * (len(bounds) + 1))[index] += count
        elif kind in _SUMS:
            kind, size = _SUMS[kind]
            _add(self._sums[kind], _sized(key, size), count)
        elif kind in _COUNTS:
            _add(self._counts[kind], _sized(key, _COUNTS[kind]), count)

    def _histograms(self, kind: str) -> dict[Key, HistogramTotals]:
        sums = self._sums[kind]
        return {key: HistogramTotals(counts, sums.get(key, 0)) for key, counts in self._buckets[kind].items()}

    def _reports(self, reports: Fields) -> list[WriterReport]:
        decoded: list[WriterReport] = []
        for writer, text in sorted(reports.items()):
            try:
                decoded.append(_report(clean_member(writer), orjson.loads(text)))
            except (ValueError, TypeError, KeyError, AttributeError, OverflowError):
                self.unreadable += 1
        return decoded


def _add(into: dict[Key, int], key: Key, count: int) -> None:
    into[key] = into.get(key, 0) + count


def _sized(key: Key, size: int) -> Key:
    if len(key) != size:
        raise ValueError(f"{key!r}: expected {size} labels")
    return key


def _report(writer: str, body: Any) -> WriterReport:
    """Return one report; raises ValueError, TypeError, KeyError or AttributeError when it is no report."""
    stats: Mapping[str, Any] = body.get("stats") or {}
    return WriterReport(
        writer=writer,
        at=float(body["at"]),
        version=_told(body, "version", _clean_text),
        in_progress=tuple(
            (str(method), str(route), int(running))
            for method, route, running in body.get("in_progress") or ()
        ),
        pending_batches=_told(stats, "pending_batches", int),
        last_flush=_told(stats, "last_flush", float),
        pending_observations=_told(stats, "pending_observations", int),
        clock_offset_seconds=_told(stats, "clock_offset_seconds", float),
        host=_told(body, "host", _clean_text),
        pid=_told(body, "pid", int),
    )


def _told(body: Mapping[str, Any], name: str, read: Callable[[Any], T]) -> T | None:
    return None if body.get(name) is None else read(body[name])


def _clean_text(value: Any) -> str:
    return printable(str(value))
