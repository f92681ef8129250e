"""Change the JSON that stands anywhere in some bytes, mostly so that it stays JSON."""

import re
from collections.abc import Callable, Sequence
from random import Random
from typing import Final

from orjson import dumps

_STRING: Final = rb'"(?:[^"\\]|\\.)*+"'
_SCALAR: Final = _STRING + rb"|-?\d[\d.eE+-]*|true|false|null"
_MEMBER: Final = re.compile(rb"(" + _STRING + rb")\s*:\s*(?:(" + _SCALAR + rb")|[{\[])", re.DOTALL)
_TOKEN: Final = re.compile(_STRING + rb"|[{}\[\]]", re.DOTALL)
_WINDOW_BYTES: Final = 8 * 1024
"""How far a member is looked for: among many quotes that end no string the search is quadratic."""

_DEEP: Final = 100_000
_LONG: Final = 70_000

SCALARS: Final = (
    *(
        b"null",
        b"true",
        b"false",
        b"0",
        b"1",
        b"-1",
        b"-0",
        b"1.0",
        b"1.5",
        b"6.0",
        b"1e3",
        b"1e400",
        b"-1e-400",
    ),
    *(b"9007199254740991", b"9007199254740992", b"9223372036854775807", b"9223372036854775808"),
    *(b"18446744073709551615", b"18446744073709551616", b"1" * 5_000, b"NaN", b"Infinity", b"01"),
    *(
        b'""',
        b'"error"',
        b'"[DONE]"',
        b'"7"',
        rb'"\ud800"',
        rb'"\udc00x"',
        rb'"\u0000"',
        b'"\xff"',
        b'"a\nb"',
    ),
    *(b"[]", b"{}", b"[null]", b"[[]]", b"[{}]", b'{"":null}', b'{"text":"a"}', b'[{"text":1},"a",null]'),
)
HUGE: Final = (
    b"[" * _DEEP + b"]" * _DEEP,
    b"[" * 900 + b"]" * 900,
    b'{"a":' * _DEEP + b"1" + b"}" * _DEEP,
    b'{"text":' * 500 + b'"a"' + b"}" * 500,
    b"[" * _DEEP,
    b'"' + b"y" * _LONG + b'"',
    b'"' + b"\\\\" * (_LONG // 2) + b'"',
    b'"' + rb"\"error\"" * (_LONG // 9) + b'"',
    b"[" + b"1," * _LONG + b"1]",
    b"[" + b'{"text":"a"},' * (_LONG // 13) + b"{}]",
    b"7" * _LONG,
)

Words = Sequence[bytes]
"""JSON strings that mean something in some dialect."""

_Change = Callable[[Random, bytes, "re.Match[bytes]", Words], bytes]


def json_words(words: Sequence[str]) -> list[bytes]:
    """Return texts as JSON strings."""
    return [dumps(word) for word in words]


def _value_end(data: bytes, member: "re.Match[bytes]") -> int:
    """Return where a member's value ends; at the end of the data, if it does not."""
    if member[2] is not None:
        return member.end()
    depth = 0
    for token in _TOKEN.finditer(data, member.end() - 1):
        if token[0] in (b"{", b"["):
            depth += 1
        elif token[0] in (b"}", b"]"):
            depth -= 1
            if depth <= 0:
                return token.end()
    return len(data)


def _value_start(member: "re.Match[bytes]") -> int:
    return member.start(2) if member[2] is not None else member.end() - 1


def _new_value(random: Random, words: Words) -> bytes:
    chance = random.random()
    if chance < 0.02:
        return random.choice(HUGE)
    return random.choice(words) if chance < 0.3 else random.choice(SCALARS)


def _replace_value(random: Random, data: bytes, member: "re.Match[bytes]", words: Words) -> bytes:
    return data[: _value_start(member)] + _new_value(random, words) + data[_value_end(data, member) :]


def _rename(random: Random, data: bytes, member: "re.Match[bytes]", words: Words) -> bytes:
    return data[: member.start(1)] + random.choice(words) + data[member.end(1) :]


def _insert_member(random: Random, data: bytes, member: "re.Match[bytes]", words: Words) -> bytes:
    added = random.choice(words) + b":" + _new_value(random, words) + b","
    return data[: member.start()] + added + data[member.start() :]


def _repeat_key(random: Random, data: bytes, member: "re.Match[bytes]", words: Words) -> bytes:
    end = _value_end(data, member)
    return data[:end] + b"," + member[1] + b":" + _new_value(random, words) + data[end:]


def _delete_member(random: Random, data: bytes, member: "re.Match[bytes]", words: Words) -> bytes:
    end = _value_end(data, member)
    end += data[end : end + 1] == b","
    return data[: member.start()] + data[end:]


def _wrap(random: Random, data: bytes, member: "re.Match[bytes]", words: Words) -> bytes:
    start, end = _value_start(member), _value_end(data, member)
    before, after = random.choice(
        ((b"[", b"]"), (b"[null,", b"]"), (b'{"response":', b"}"), (b'{"content":', b"}"))
    )
    return data[:start] + before + data[start:end] + after + data[end:]


def _borrow(random: Random, data: bytes, member: "re.Match[bytes]", words: Words) -> bytes:
    """Put the value of another member in this one's place."""
    other = _some_member(random, data)
    if other is None:
        return data
    value = data[_value_start(other) : _value_end(data, other)]
    return data[: _value_start(member)] + value + data[_value_end(data, member) :]


_CHANGES: Final[tuple[_Change, ...]] = (
    *(_replace_value, _replace_value, _replace_value, _rename, _insert_member, _repeat_key),
    *(_delete_member, _wrap, _borrow),
)


def _some_member(random: Random, data: bytes) -> "re.Match[bytes] | None":
    place = random.randrange(len(data) + 1)
    return _MEMBER.search(data, place, place + _WINDOW_BYTES) or _MEMBER.search(
        data, 0, min(place, _WINDOW_BYTES)
    )


def changed_json(random: Random, data: bytes, words: Words) -> bytes:
    """Return the bytes after one change of a member of some object in them; the bytes, if there is none."""
    member = _some_member(random, data)
    return data if member is None else random.choice(_CHANGES)(random, data, member, words)
