"""Change bytes without knowing what they mean."""

from collections.abc import Callable
from random import Random
from typing import Final

MAX_BYTES: Final = 400 * 1024
"""Longest input that is made; what grows beyond is cut."""

TOKENS: Final = (
    *(
        b"\n",
        b"\r",
        b"\r\n",
        b"\n\n",
        b"\r\n\r\n",
        b"\r\r",
        b" ",
        b"\t",
        b"\0",
        b"\xef\xbb\xbf",
        b"\xe2\x80\xa8",
    ),
    *(b"data:", b"data: ", b"event: error\n", b"event: ping\ndata: {}\n\n", b": comment\n\n", b"id: 7\n"),
    *(b"error: {}\n", b'error: {"code":500}\n\n', b"data: [DONE]\n\n", b"[DONE]", b"retry: 1\n"),
    *(
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b'"',
        b"\\",
        b'\\"',
        b"{}",
        b"[]",
        b'{"a":',
        b"null",
        b"\xff",
        b"\xc3",
    ),
)
FILLERS: Final = (
    b"x",
    b" ",
    b"\n",
    b"[",
    b'{"a":',
    b"\\",
    b'"',
    b"data:",
    b": c\n\n",
    b"\xe2\x82\xac",
    b"{}\n",
    b",",
)
LONG_BYTES: Final = (300, 5_000, 20_000, 66_000, 140_000, 280_000)
"""Around what is held of an event (16, 32, 64 KiB), of a body (256 KiB)."""

Mutation = Callable[[Random, bytes], bytes]


def slice_of(random: Random, data: bytes) -> tuple[int, int]:
    """Return two places, more often near each other than far apart."""
    start = random.randrange(len(data) + 1)
    longest = random.choice((1, 4, 16, 64, 512, len(data) + 1))
    return start, min(len(data), start + random.randrange(longest + 1))


def _flip(random: Random, data: bytes) -> bytes:
    if not data:
        return data
    changed = bytearray(data)
    for _ in range(random.choice((1, 1, 2, 8))):
        changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    return bytes(changed)


def _insert(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data) + 1)
    return data[:place] + random.choice(TOKENS) * random.choice((1, 1, 1, 2, 9)) + data[place:]


def _delete(random: Random, data: bytes) -> bytes:
    start, end = slice_of(random, data)
    return data[:start] + data[end:]


def _duplicate(random: Random, data: bytes) -> bytes:
    start, end = slice_of(random, data)
    return data[:end] + data[start:end] * random.choice((1, 1, 2, 30)) + data[end:]


def _move(random: Random, data: bytes) -> bytes:
    start, end = slice_of(random, data)
    rest = data[:start] + data[end:]
    place = random.randrange(len(rest) + 1)
    return rest[:place] + data[start:end] + rest[place:]


def _overwrite(random: Random, data: bytes) -> bytes:
    start, end = slice_of(random, data)
    return data[:start] + random.randbytes(end - start) + data[end:]


def _truncate(random: Random, data: bytes) -> bytes:
    return data[: random.randrange(len(data) + 1)]


def _line_ends(random: Random, data: bytes) -> bytes:
    return data.replace(b"\r\n", b"\n").replace(b"\n", random.choice((b"\n", b"\r", b"\r\n", b"\n\n")))


def _fill(random: Random, data: bytes) -> bytes:
    place = random.randrange(len(data) + 1)
    filler = random.choice(FILLERS)
    return data[:place] + filler * (random.choice(LONG_BYTES) // len(filler)) + data[place:]


_COMMON: Final[tuple[Mutation, ...]] = (_flip, _insert, _delete, _duplicate, _move, _truncate)
_RARE: Final[tuple[Mutation, ...]] = (_overwrite, _line_ends, _line_ends, _fill)


def changed_bytes(random: Random, data: bytes) -> bytes:
    """Return the bytes after one change."""
    mutation = random.choice(_RARE if random.random() < 0.15 else _COMMON)
    return mutation(random, data)[:MAX_BYTES]


def spliced(random: Random, data: bytes, other: bytes) -> bytes:
    """Return the beginning of one with the end of the other, or a part of the other put into the one."""
    start, end = slice_of(random, other)
    place = random.randrange(len(data) + 1)
    rest = b"" if random.random() < 0.3 else data[place:]
    return (data[:place] + other[start : len(other) if not rest else end] + rest)[:MAX_BYTES]
