"""What is taken out of one event, and what only looks like it."""

import pytest

from tokenpulse.include_usage.usage_chunks import MAX_TRIES, without_usage

CHOICES = b'"choices":[{"index":0}]'


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b'{"id":"1",%s,"usage":null}', b'{"id":"1",%s}'),
        (b'{"usage":null,%s}', b"{%s}"),
        (b'{"id":"1","usage":null,%s}', b'{"id":"1",%s}'),
        (b'{"id": "1", %s, "usage": null}', b'{"id": "1", %s}'),
        (b'{"usage": null, "id": "1", %s}', b'{"id": "1", %s}'),
        (b'{ "usage" : null , %s }', b"{ %s }"),
        (b'{"a":{"usage":null},%s,"usage":null,"z":1}', b'{"a":{"usage":null},%s,"z":1}'),
        (b'{"usage":null,%s,"z":{"usage":null,"b":1}}', b'{%s,"z":{"usage":null,"b":1}}'),
        (b'{%s,"s":",\\"usage\\":null","usage":null}', b'{%s,"s":",\\"usage\\":null"}'),
        (b'{%s,"{\\"usage":null,"usage":null}', b'{%s,"{\\"usage":null}'),
        (b'{%s,"choices":[],"usage":null}', b'{%s,"choices":[]}'),
    ],
)
@pytest.mark.parametrize(
    "frame", [b"data: %s\n\n", b"data:%s\r\n\r\n", b": c\nevent: x\ndata: %s\r\r", b"data: %s"]
)
def test_null_of_the_chunk_is_removed(data: bytes, expected: bytes, frame: bytes) -> None:
    """First, middle or last, spaced or not: the chunk's own null goes, with one comma; nothing else does."""
    chunk, kept = data.replace(b"%s", CHOICES), expected.replace(b"%s", CHOICES)

    assert without_usage(frame % chunk) == frame % kept


def test_null_of_a_chunk_on_several_data_lines() -> None:
    """A null that stands inside a line goes, whatever lines the rest is on."""
    block = b'data: {"choices":[1],\ndata: "a":1,"usage":null,\ndata: "b":2}\n\n'

    assert without_usage(block) == block.replace(b',"usage":null', b"")


def test_null_after_a_byte_order_mark() -> None:
    """A byte order mark before the first event changes nothing."""
    assert without_usage(b'\xef\xbb\xbfdata: {"choices":[],"usage":null}\n\n') == (
        b'\xef\xbb\xbfdata: {"choices":[]}\n\n'
    )


@pytest.mark.parametrize(
    "block",
    [
        b"",
        b"\n\n",
        b': "usage":null\n\n',
        b"data: [DONE]\n\n",
        b'data: {"choices":[1],"usage":null\n\n',
        b'data: {"choices":[],"usage":{"total_tokens":1}\n\n',
        b'data: ["usage"]\n\n',
        b'data: {"error":{"message":"m"},"usage":null}\n\n',
        b'data: {"choices":{},"usage":null}\n\n',
        b'data: {"choices":null,"usage":{"total_tokens":1}}\n\n',
        b'data: {"usage":{"total_tokens":1}}\n\n',
        b'data: {"choices":[{"delta":{}}],"usage":{"total_tokens":1}}\n\n',
        b'data: {"choices":[],"usage":[]}\n\n',
        b'data: {"choices":[],"x_groq":{"usage":{"total_tokens":1}}}\n\n',
        b'data: {"choices":[{"usage":null}]}\n\n',
        b'data: {"choices":[{"delta":{"content":"\\",\\"usage\\":null"}}]}\n\n',
        b'data: {"choices":[1],"usage":{"a":1},"usage":null}\n\n',
        b'data: {"choices":[1],"usage":null%s}\n\n' % (b',"a":{"b":1,"usage":null}' * MAX_TRIES),
    ],
)
def test_what_stays_as_it_is(block: bytes) -> None:
    """What servers send unasked, what is no chunk, what is not sure to be the chunk's own null."""
    assert without_usage(block) == block


@pytest.mark.parametrize(
    ("block", "kept"),
    [
        (b'data: {"choices":[],"usage":{"total_tokens":1}}\n\n', b""),
        (b'data:{"usage": {}, "choices": [ ]}\r\n\r\n', b""),
        (b'event: message\nid: 7\ndata: {"choices":[],"usage":{}}\n: c\n\n', b""),
        (b'data: {"choices":[],\ndata: "usage":{}}\n\n', b""),
        (b'data: {"choices":[],"usage":{}}', b""),
        (b'\n: one\n\r\n:\rdata: {"choices":[],"usage":{}}\n\n', b"\n: one\n\r\n:\r"),
    ],
)
def test_extra_chunk_is_taken_out(block: bytes, kept: bytes) -> None:
    """An empty-choices chunk with usage goes whole; comments that stand before it are not part of it."""
    assert without_usage(block) == kept
