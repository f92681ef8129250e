"""Remember the decoded records of packed windows between two reads of the same blocks.

Strategy: a block only grows by records at its end, until it expires. So what was decoded is kept together with the
bytes it came from; when those are still the beginning of the block, only the rest is decoded.
Invariant: what is given is what `decode_block` gives; the records are shared, whoever takes them copies what he
changes.
Bounds: `most_blocks`; the one read longest ago goes first. Of a block, records older than what was last asked for go.
"""

from collections import OrderedDict
from collections.abc import Iterator
from typing import Final, NamedTuple

from tokenpulse_shared.errors import SealedRecordError
from tokenpulse_shared.windows.sealed import SealedWindow, decode_block

MOST_BLOCKS: Final = 256
"""An hour lies in two blocks, so 128 providers; a provider's hour takes 0.36 MB decoded."""
_IDS: Final = 60


class _Held(NamedTuple):
    data: bytes
    first: int
    records: list[SealedWindow]


class SealedCache:
    """Decode blocks of packed windows; one call at a time. Always asked for the same `quantities`."""

    def __init__(self, quantities: tuple[str, ...], most_blocks: int = MOST_BLOCKS) -> None:
        self.quantities = quantities
        self._most_blocks = most_blocks
        self._held: OrderedDict[str, _Held] = OrderedDict()
        self.decoded_bytes = 0

    def records(self, key: str, data: bytes, wanted: frozenset[int]) -> Iterator[SealedWindow]:
        """Yield the records of the block at `key` whose id is wanted, in the order they were appended.

        Raises:
            SealedRecordError: as `decode_block` does, after the records before the fault.
        """
        first = min(wanted, default=0)
        held = self._held.pop(key, None)
        if held is None or first < held.first or not data.startswith(held.data):
            held = _Held(b"", first, [])
        records = [record for record in held.records if record.id >= first]
        rest = data[len(held.data) :]
        self.decoded_bytes += len(rest)
        try:
            records += decode_block(rest, frozenset(range(first, _IDS)), self.quantities)
        except SealedRecordError:
            yield from decode_block(data, wanted, self.quantities)
            return
        self._held[key] = _Held(data, first, records)
        if len(self._held) > self._most_blocks:
            self._held.popitem(last=False)
        for record in records:
            if record.id in wanted:
                yield record
