"""Read the headers of one AWS event-stream message, without I/O.

Layout of a header: u8 length of its name, name, u8 type, value; of types 6, 7 the value is u16 length, bytes.
Specification: https://smithy.io/2.0/aws/amazon-eventstream.html
"""

from typing import Final

_TEXT: Final = 7
_VALUE_BYTES: Final = {0: 0, 1: 0, 2: 1, 3: 2, 4: 4, 5: 8, 8: 8, 9: 16}
"""Length of a value by its type: true, false, byte, short, int, long, timestamp, UUID."""

_COUNTED: Final = (6, _TEXT)
"""Types whose value begins with its length: bytes, text."""


def text_headers(raw: bytes) -> dict[bytes, bytes]:
    """Return the headers whose value is a text, by name; of a name given twice, the last.

    raw: the headers of a message, from their beginning; what cannot be read ends the reading.
    """
    found: dict[bytes, bytes] = {}
    place = 0
    while place < len(raw):
        type_at = place + 1 + raw[place]
        if type_at >= len(raw):
            break
        kind, start = raw[type_at], type_at + 1
        if kind in _COUNTED:
            start += 2
            length = int.from_bytes(raw[start - 2 : start], "big")
        elif kind in _VALUE_BYTES:
            length = _VALUE_BYTES[kind]
        else:
            break
        name, place = raw[place + 1 : type_at], start + length
        if kind == _TEXT and place <= len(raw):
            found[name] = raw[start:place]
    return found
