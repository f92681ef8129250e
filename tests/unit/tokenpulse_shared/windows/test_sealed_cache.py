"""The cache of packed windows gives what decoding gives, and decodes what is new only."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokenpulse_shared.errors import SealedRecordError
from tokenpulse_shared.windows.sealed import SealedWindow, decode_block
from tokenpulse_shared.windows.sealed_cache import SealedCache

QUANTITIES = ("latency",)


def record(identifier: int, requests: int) -> bytes:
    """Return a packed minute with so many requests below 128, one of them timed."""
    payload = bytes([1, 0, requests]) + b"\x00\x00\x00" + b"\x65\x01\x00\x00\x00"
    return bytes([identifier, len(payload)]) + payload


def block(*records: tuple[int, int]) -> bytes:
    """Return a block of (minute, requests)."""
    return b"".join(record(*each) for each in records)


def held(cache: SealedCache, data: bytes, *wanted: int, key: str = "k") -> list[SealedWindow]:
    """Return what the cache gives."""
    return list(cache.records(key, data, frozenset(wanted)))


def test_only_what_was_appended_is_decoded() -> None:
    """Late data of an old minute is an appended record too."""
    cache, first = SealedCache(QUANTITIES), block((1, 5), (2, 6))
    before = held(cache, first, 1, 2)
    longer = first + block((3, 7), (1, 1))
    after = held(cache, longer, 1, 2, 3)

    assert [(one.id, one.counters) for one in before] == [
        (1, {"total_requests": 5}),
        (2, {"total_requests": 6}),
    ]
    assert after == list(decode_block(longer, None, QUANTITIES))
    assert after[0] is before[0]
    assert cache.decoded_bytes == len(longer)


def test_another_block_at_the_same_key_is_decoded_anew() -> None:
    """After Redis was emptied the key may hold other minutes."""
    cache = SealedCache(QUANTITIES)
    held(cache, block((1, 5), (2, 6)), 1, 2)

    assert [one.counters["total_requests"] for one in held(cache, block((1, 9)), 1, 2)] == [9]


def test_minutes_that_are_over_are_forgotten_and_found_again() -> None:
    """A span that slides forward, then one that begins earlier."""
    cache, data = SealedCache(QUANTITIES), block((1, 5), (2, 6), (3, 7))
    held(cache, data, 1, 2, 3)
    later = held(cache, data, 3)
    earlier = held(cache, data, 2, 3)

    assert [one.id for one in later] == [3]
    assert [one.id for one in earlier] == [2, 3]


def test_a_fault_is_told_every_time() -> None:
    cache, broken = SealedCache(QUANTITIES), block((1, 5)) + block((2, 6))[:-1]
    for _ in range(2):
        records = cache.records("k", broken, frozenset((1, 2)))
        assert next(records).id == 1
        with pytest.raises(SealedRecordError):
            next(records)


def test_a_fault_in_what_is_not_wanted_is_not_met() -> None:
    """A record of a later minute whose payload ends too soon."""
    cache, data = SealedCache(QUANTITIES), block((1, 5)) + b"\x07\x01\x01"
    for _ in range(2):
        assert [one.id for one in held(cache, data, 1)] == [1]


def test_the_block_read_longest_ago_goes() -> None:
    cache, data = SealedCache(QUANTITIES, most_blocks=2), block((1, 5))
    for key in ("a", "b", "a", "c", "a"):
        held(cache, data, 1, key=key)
    decoded = cache.decoded_bytes
    held(cache, data, 1, key="b")

    assert decoded == 3 * len(data)
    assert cache.decoded_bytes == 4 * len(data)


@given(
    st.lists(st.tuples(st.integers(0, 59), st.integers(1, 127)), max_size=8),
    st.lists(st.tuples(st.integers(0, 8), st.frozensets(st.integers(0, 59), max_size=60)), max_size=6),
)
def test_it_gives_what_decoding_gives(
    records: list[tuple[int, int]], reads: list[tuple[int, frozenset[int]]]
) -> None:
    """Whatever was read before, of whatever length."""
    cache = SealedCache(QUANTITIES)
    for length, wanted in reads:
        data = block(*records[:length])

        assert list(cache.records("k", data, wanted)) == list(decode_block(data, wanted, QUANTITIES))
