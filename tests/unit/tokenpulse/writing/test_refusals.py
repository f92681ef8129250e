"""Tests of how refusals beside the batches are counted."""

import pytest
import redis

from tests.support.clock import FakeClock
from tokenpulse.guard import Guard
from tokenpulse.writing.refusals import is_refused_by_key, note_refusal


@pytest.mark.parametrize(
    ("error", "name"),
    [
        (redis.ResponseError("WRONGTYPE Operation against a key"), "fault:here"),
        (redis.ResponseError("ERR hash value is not an integer"), "fault:here"),
        (redis.ConnectionError("Connection closed by server."), "failure:connection_lost"),
        (redis.exceptions.TryAgainError("the slot is moving"), "failure:slots_moving"),
        (redis.exceptions.OutOfMemoryError("OOM command not allowed"), "failure:out_of_memory"),
    ],
)
def test_only_a_key_s_own_refusal_is_a_fault(
    error: Exception, name: str, caplog: pytest.LogCaptureFixture
) -> None:
    """What a key holds is a fault of its own; a server that is gone or refuses for the moment is a failure."""
    guard = Guard(FakeClock())
    note_refusal(guard, "here", "it was refused", error)

    assert guard.counts() == {name: 1}
    assert is_refused_by_key(error) == name.startswith("fault")
    assert "it was refused: " in caplog.text
