"""Build messages of the AWS event stream, right or with chosen faults."""

import struct
from zlib import crc32

from orjson import dumps


def text_header(name: bytes, value: bytes) -> bytes:
    """Return one header of type 7, text."""
    return header(name, 7, struct.pack(">H", len(value)) + value)


def header(name: bytes, kind: int, value: bytes) -> bytes:
    """Return one header; `value` is what stands after its type."""
    return bytes([len(name)]) + name + bytes([kind]) + value


def message(headers: bytes, payload: bytes) -> bytes:
    """Return a whole message."""
    prelude = struct.pack(">II", 16 + len(headers) + len(payload), len(headers))
    body = prelude + struct.pack(">I", crc32(prelude)) + headers + payload
    return body + struct.pack(">I", crc32(body))


def event_message(name: bytes, payload: object) -> bytes:
    """Return the message of an event with a JSON payload, as Bedrock sends it."""
    headers = text_header(b":event-type", name) + text_header(b":content-type", b"application/json")
    return message(headers + text_header(b":message-type", b"event"), dumps(payload))


def exception_message(kind: bytes, payload: bytes) -> bytes:
    """Return the message of an exception inside the stream."""
    headers = text_header(b":exception-type", kind) + text_header(b":message-type", b"exception")
    return message(headers, payload)
