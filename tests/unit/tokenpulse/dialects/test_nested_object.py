"""A nested object is found by its key in the end of a text."""

import pytest

from tokenpulse.dialects.nested_object import last_object


@pytest.mark.parametrize(
    ("tail", "found"),
    [
        (b'..."}],"meta":{"a":{"b":1}},"finish_reason":"X"}}', {"a": {"b": 1}}),
        (b'"meta" : {"a":1}', {"a": 1}),
        (b'{"meta":{"a":1},"x":{"meta":{"a":2}}}', {"a": 2}),
        ('…é"meta":{"a":"é"}}'.encode()[1:], {"a": "é"}),
        (b'"text":"\\"meta\\":{}"', None),
        (b'"meta":{"a":', None),
        (b'"meta":[1]}', None),
        (b'"meta"', None),
        (b'["meta"]', None),
        (b'"meta":' + b'{"a":' * 100_000, None),
        (b"", None),
    ],
)
def test_last_object(tail: bytes, found: dict[str, object] | None) -> None:
    """The last key of the name counts, at any depth; what is cut off or no object does not."""
    assert last_object(tail, "meta") == found
