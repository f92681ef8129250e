"""The records of spill files as bytes: one letter for the kind, then JSON.

Field names stand in each file's header, so that a file written by another version is read by name.
"""

from typing import Any, Final, NamedTuple

import orjson

from tokenpulse.batches.numbered_batch import Batch, Group
from tokenpulse.sink import HttpExchange
from tokenpulse_shared.records import InterTokenLatency, Observation

FORMAT: Final = 1
HEADER: Final = b"h"
OBSERVATION: Final = b"o"
EXCHANGE: Final = b"x"
MOVED: Final = b"m"
BATCHED: Final = b"b"
ACKNOWLEDGED: Final = b"a"
VOID: Final = b"v"
"""The first record of a file that is not to be replayed."""

_encode: Final = orjson.dumps
_OBSERVATION_FIELDS: Final = Observation._fields
_EXCHANGE_FIELDS: Final = HttpExchange._fields


class Header(NamedTuple):
    """Describe a file: its first record.

    `number` counts a process's files, `position` the records in those before it, `boot` is the machine's start.
    """

    format: int
    number: int
    position: int
    size_bytes: int
    writer_id: str
    app_name: str
    boot: str | None
    observation: list[str]
    exchange: list[str]


class LoggedBatch(NamedTuple):
    """Tell of a batch that was about to be sent; `at` is epoch seconds."""

    group: Group
    previous: int
    sequence: int
    cut: int
    at: float


def encode_header(
    number: int, position: int, size_bytes: int, writer_id: str, app_name: str, boot: str | None
) -> bytes:
    """Return the first record of a file."""
    names = [list(_OBSERVATION_FIELDS), list(_EXCHANGE_FIELDS)]
    return HEADER + _encode([FORMAT, number, position, size_bytes, writer_id, app_name, boot, *names])


def decode_header(payload: bytes) -> Header | None:
    """Return what the first record says, None if it is of another format."""
    values = orjson.loads(payload[1:])
    return Header(*values) if values[0] == FORMAT else None


def encode_observation(observation: Observation, now: float) -> bytes:
    """Return the record of an observation that belongs to the minute of `now`, epoch seconds.

    Raises:
        TypeError: it holds what JSON cannot say.
    """
    return b"o" + _encode((now, *observation), default=tuple)


def decode_observation(payload: bytes, names: list[str]) -> tuple[Observation, float]:
    """Return an observation and its `now`; fields this version does not know are left out."""
    now, *values = orjson.loads(payload[1:])
    fields = _known(names, values, _OBSERVATION_FIELDS)
    if fields.get("itl") is not None:
        total_seconds, tokens, buckets = fields["itl"]
        pairs = tuple((index, count) for index, count in buckets)
        fields["itl"] = InterTokenLatency(total_seconds, tokens, pairs)
    return Observation(**fields), now


def encode_exchange(exchange: HttpExchange) -> bytes:
    """Return the record of an HTTP exchange.

    Raises:
        TypeError: it holds what JSON cannot say.
    """
    return b"x" + _encode((*exchange,))


def decode_exchange(payload: bytes, names: list[str]) -> HttpExchange:
    """Return an exchange; fields this version does not know are left out, those not there are None."""
    fields = _known(names, orjson.loads(payload[1:]), _EXCHANGE_FIELDS)
    return HttpExchange(*(fields.get(name) for name in _EXCHANGE_FIELDS))  # type: ignore[arg-type]  # as documented


def _known(names: list[str], values: list[Any], fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: value for name, value in zip(names, values, strict=True) if name in fields}


def encode_moved(provider: str, position: int) -> bytes:
    """Return the note that a provider's records up to the position count under `__other__`."""
    return MOVED + _encode((provider, position))


def decode_moved(payload: bytes) -> tuple[str, int]:
    """Return provider and position."""
    provider, position = orjson.loads(payload[1:])
    return provider, position


def encode_batched(batch: Batch, now: float) -> bytes:
    """Return the note that a batch holds its group's records up to `batch.cut`."""
    return BATCHED + _encode((*batch.group, batch.previous, batch.sequence, batch.cut, now))


def decode_batched(payload: bytes) -> LoggedBatch:
    """Return what was noted of a batch."""
    kind, name, previous, sequence, cut, now = orjson.loads(payload[1:])
    return LoggedBatch(Group(kind, name), previous, sequence, cut, now)


def encode_acknowledged(group: Group) -> bytes:
    """Return the note that Redis has the last batch of a group."""
    return ACKNOWLEDGED + _encode((*group,))


def decode_acknowledged(payload: bytes) -> Group:
    """Return the group."""
    return Group(*orjson.loads(payload[1:]))
