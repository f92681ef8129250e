"""Change an AWS event stream so that its lengths and checksums stay right."""

import struct
from base64 import b64decode, b64encode
from collections.abc import Callable
from random import Random

import orjson

from tests.support.aws_messages import message
from tests.support.talk import aws_messages


def changed_message(random: Random, data: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Return the stream with one message changed, or sent twice; as it is, if it has none."""
    messages = aws_messages(data)
    place = random.randrange(len(messages)) if messages else 0
    if not messages or len(messages[place]) < 16:
        return data
    if random.random() < 0.2:
        messages.insert(random.randrange(len(messages)), messages[place])
    else:
        headers, payload = _parts(messages[place])
        if random.random() < 0.1:
            headers = change(headers)
        else:
            payload = _changed_payload(payload, change)
        messages[place] = message(headers, payload)
    return b"".join(messages)


def _parts(raw: bytes) -> tuple[bytes, bytes]:
    (length,) = struct.unpack_from(">I", raw, 4)
    return raw[12 : 12 + length], raw[12 + length : -4]


def _changed_payload(payload: bytes, change: Callable[[bytes], bytes]) -> bytes:
    """Change what Bedrock's InvokeModel wraps, where it does, instead of the wrapper."""
    try:
        wrapped = orjson.loads(payload)["bytes"]
        return orjson.dumps({"bytes": b64encode(change(b64decode(wrapped))).decode()})
    except (ValueError, TypeError, KeyError):
        return change(payload)
