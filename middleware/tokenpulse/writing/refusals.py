"""Tell a key that holds something else from a server that is gone, or refuses for the moment."""

from typing import Final

from tokenpulse.guard import Guard
from tokenpulse_shared.connections.failure_kinds import FailureKind
from tokenpulse_shared.connections.redis_failures import describe_failure

_OF_THE_KEY: Final[frozenset[FailureKind]] = frozenset(("wrong_type", "refused"))


def is_refused_by_key(error: Exception) -> bool:
    """Tell whether what a key holds is the reason, which stays until somebody deletes it."""
    return describe_failure(error).kind in _OF_THE_KEY


def note_refusal(guard: Guard, cause: str, event: str, error: Exception) -> None:
    """Count and log what a flush could not do besides its batches.

    `cause`: the fault it counts as when the key is the reason; else it counts as a failure of its kind.
    """
    failure = describe_failure(error)
    if failure.kind in _OF_THE_KEY:
        guard.fault(cause)
    else:
        guard.count(f"failure:{failure.kind}")
    guard.say(event, failure.text)
