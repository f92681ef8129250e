"""Tests of telling a batch's own reply from another's."""

import pytest

from tokenpulse.batches.numbered_batch import Batch, Group

KEY = b"guard:{p}"
THIRD = Batch(Group("provider", "p"), KEY.decode(), 2, 3, b"", 1)


@pytest.mark.parametrize(
    ("reply", "is_its_own"),
    [
        ([b"OK", 3, b"1", 0, b"", KEY], True),
        ([b"DUP", 3, b"1", 0, b"", KEY], True),
        ([b"DUP", 9, b"1", 0, b"", KEY], True),
        ([b"GAP", 0, b"1", 0, b"", KEY], True),
        ([b"EVICTED", 0, b"1", 0, b"", KEY], True),
        ([b"OK", 2, b"1", 0, b"", KEY], False),
        ([b"OK", 4, b"1", 0, b"", KEY], False),
        ([b"DUP", 2, b"1", 0, b"", KEY], False),
        ([b"GAP", 3, b"1", 0, b"", KEY], False),
        ([b"OK", 3, b"1", 0, b"", b"guard:{q}"], False),
        ([b"OK", 3, b"1", 0, KEY], False),
        ([b"OK", 1], False),
        (1, False),
        (None, False),
    ],
)
def test_a_reply_is_its_batchs_own_or_is_refused(reply: object, is_its_own: bool) -> None:
    """Group and sequence must be those of the batch, as far as the status says anything of them."""
    assert THIRD.may_be_answered(reply) is is_its_own
