"""Set how long the parts of this process wait for Redis.

A busy machine may keep a redis-server that is well from answering for a second. What the limits of the product make
of that is right, and tested; in every test of something else it would be chance.
"""

from typing import Final, Literal

import pytest

from tokenpulse.flushing import flush
from tokenpulse.recorder import Recorder
from tokenpulse_reader.snapshots import snapshots
from tokenpulse_shared.redis_client import connect, connect_async
from tokenpulse_shared.redis_reads import RedisReads
from tokenpulse_shared.store_errors import translated_errors

PATIENCE_SECONDS: Final = 30.0
_LIMITS: Final = (
    # what holds it, the attribute, the product's own, the patient one
    (flush, "FLUSH_SECONDS", flush.FLUSH_SECONDS, PATIENCE_SECONDS),
    (flush, "RIGHTS_SECONDS", flush.RIGHTS_SECONDS, PATIENCE_SECONDS),
    (flush, "CLOSE_SECONDS", flush.CLOSE_SECONDS, PATIENCE_SECONDS),
    (snapshots, "FIRST_WAIT_SECONDS", snapshots.FIRST_WAIT_SECONDS, PATIENCE_SECONDS),
    *(
        (
            function,
            "__kwdefaults__",
            function.__kwdefaults__,
            {**function.__kwdefaults__, name: PATIENCE_SECONDS},
        )
        for function, name in (
            (connect, "timeout_seconds"),
            (connect_async, "timeout_seconds"),
            (RedisReads.__init__, "deadline_seconds"),
        )
    ),
    *(
        (function, "__defaults__", function.__defaults__, (PATIENCE_SECONDS,))
        for function in (Recorder.close, flush.Flusher.close, translated_errors.__wrapped__)
    ),
)


def set_limits(patch: pytest.MonkeyPatch, whose: Literal["patient", "own"]) -> None:
    """Have every limit be a patient one, or the product's own, until `patch` is undone."""
    for holder, name, own, patient in _LIMITS:
        patch.setattr(holder, name, patient if whose == "patient" else own)
