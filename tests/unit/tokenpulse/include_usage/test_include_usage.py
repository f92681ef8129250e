"""Which requests get `include_usage`, and which bytes that adds."""

import orjson
import pytest

from tokenpulse.include_usage.include_usage import MAX_TRIES, open_request, with_include_usage

ASKED = b'"stream_options":{"include_usage":true}'


def rewritten(body: bytes) -> bytes | None:
    request = open_request(body)

    assert request is not None
    return with_include_usage(body, request)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'[{"stream":true}]',
        b'"stream"',
        b"{}",
        b'{"stream":false}',
        b'{"stream":null}',
        b'{"stream":"true"}',
        b'{"stream":1}',
        b'{"a":NaN,"stream":true}',
        b'\xff{"stream":true}',
        b'{"stream":true,"stream":false}',
        b'{"stream":true,"stream_options":{"include_usage":true}}',
        b'{"stream":true,"stream_options":{"include_usage":false}}',
        b'{"stream":true,"stream_options":{"include_usage":null}}',
    ],
)
def test_requests_that_are_left_alone(body: bytes) -> None:
    """No JSON object, no stream, or a caller who has said what it wants of usage."""
    assert open_request(body) is None


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b'{"stream":true}', b'{"stream":true,' + ASKED + b"}"),
        (b' {"stream": true, "n": 1.0} \r\n', b' {"stream": true, "n": 1.0,' + ASKED + b"} \r\n"),
        (b'{"stream":true\n}', b'{"stream":true\n,' + ASKED + b"}"),
        (b'{"stream":true,"a":{"b":[{}]}}', b'{"stream":true,"a":{"b":[{}]},' + ASKED + b"}"),
        (
            b'{"seed":18446744073709551616,"x":1e2,"stream":true}',
            b'{"seed":18446744073709551616,"x":1e2,"stream":true,' + ASKED + b"}",
        ),
        (b'{"a":1,"a":"\\u00e9","stream":true}', b'{"a":1,"a":"\\u00e9","stream":true,' + ASKED + b"}"),
        (
            b'{"m":"\\"stream_options\\":{","stream":true}',
            b'{"m":"\\"stream_options\\":{","stream":true,' + ASKED + b"}",
        ),
    ],
)
def test_bytes_are_added_before_the_last_brace(body: bytes, expected: bytes) -> None:
    """Numbers, escapes, spaces, keys given twice stay as the caller wrote them."""
    assert rewritten(body) == expected
    assert orjson.loads(expected) == {**orjson.loads(body), "stream_options": {"include_usage": True}}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (b"null", b'{"include_usage":true}'),
        (b"{}", b'{"include_usage":true}'),
        (b"{ \n}", b'{"include_usage":true \n}'),
        (b'{"include_obfuscation":false}', b'{"include_usage":true,"include_obfuscation":false}'),
        (b'{ "a": [1] }', b'{"include_usage":true, "a": [1] }'),
        (
            b'{"continuous_usage_stats":false}',
            b'{"include_usage":true,"continuous_usage_stats":false}',
        ),
    ],
)
def test_options_that_are_there_are_kept(options: bytes, expected: bytes) -> None:
    """What the caller said of its stream stays; places of the same name elsewhere in the body do, too."""
    frame = (
        b'{"tools":[{"stream_options":{}}],"stream_options" : %s,"m":"\\"stream_options\\":{","stream":true}'
    )

    assert rewritten(frame % options) == frame % expected


@pytest.mark.parametrize(
    "options",
    [
        b'"stream_options":true',
        b'"stream_options":[]',
        b'"stream_options":{"continuous_usage_stats":true}',
        b'"stream\\u005foptions":{}',
        b'"stream_options":{},"stream_options":{"a":1},"stream_options":"x"',
        b"%s" % b",".join([b'"a":{"stream_options":{}}'] * MAX_TRIES) + b',"stream_options":{}',
    ],
)
def test_options_that_cannot_be_merged(options: bytes) -> None:
    """Nothing is written where it is not sure to mean just that."""
    assert rewritten(b'{"stream":true,' + options + b"}") is None


def test_the_last_of_two_options_is_written_to() -> None:
    """Of a key given twice the last counts, as it does for JSON parsers."""
    body = b'{"stream":true,"stream_options":{"a":1},"stream_options":{"b":2}}'

    assert rewritten(body) == (
        b'{"stream":true,"stream_options":{"a":1},"stream_options":{"include_usage":true,"b":2}}'
    )
