"""Translate what the Redis driver, the network or the TLS library raised into a kind of failure: the one place.

The writer's `last_error`, its log, the reader's readiness and `tokenpulse doctor` say what stands here.
"""

import errno
import re
import socket
import ssl
from collections.abc import Iterator
from typing import Final

import redis
from redis import exceptions
from redis.sentinel import MasterNotFoundError

from tokenpulse_shared.connections.failure_kinds import Failure, FailureKind
from tokenpulse_shared.connections.redis_greeting import ClosedUnansweredError
from tokenpulse_shared.connections.tls_failures import tls_failure
from tokenpulse_shared.errors import KeyspaceVersionError

_MOST_CAUSES: Final = 8
"""How far a chain of causes is followed."""

_SAID: Final[tuple[tuple[str, FailureKind], ...]] = (
    # What a server's answer holds → kind; for what the driver has no class of its own, or a script wraps.
    ("Authentication required", "authentication_required"),
    ("without any password configured", "no_password_set"),
    ("max number of clients", "too_many_clients"),
    ("no permissions to", "not_permitted"),  # EXEC wraps it
    ("can't run this command", "not_permitted"),
    ("can't access at least one of the keys", "not_permitted"),
    ("ACL failure", "not_permitted"),
    ("EXEC without MULTI", "not_permitted"),  # the refusal of MULTI itself is passed over by the driver
    ("DENIED", "protected_mode"),
    ("OOM command not allowed", "out_of_memory"),
    ("read only replica", "read_only"),
    ("BUSY ", "busy"),
    ("MISCONF", "cannot_save"),
    ("NOREPLICAS", "too_few_replicas"),
    ("nknown command", "unknown_command"),
    ("nknown Redis command", "unknown_command"),
    ("DB index is out of range", "no_such_database"),
    ("SELECT is not allowed in cluster mode", "no_such_database"),
    ("WRONGTYPE", "wrong_type"),
)
_CLASSES: Final[tuple[tuple[tuple[type[BaseException], ...], FailureKind], ...]] = (
    # The first that fits: a class stands before those it is derived from.
    ((exceptions.AuthenticationError,), "authentication_failed"),
    ((exceptions.NoPermissionError,), "not_permitted"),
    ((exceptions.OutOfMemoryError,), "out_of_memory"),
    ((exceptions.ReadOnlyError,), "read_only"),
    ((exceptions.BusyLoadingError,), "loading"),
    ((exceptions.MasterDownError,), "master_down"),
    ((exceptions.ClusterDownError,), "cluster_down"),
    ((exceptions.TryAgainError,), "slots_moving"),
    ((exceptions.AskError, exceptions.ClusterCrossSlotError), "cluster_node"),  # MOVED is an ASK there
    ((MasterNotFoundError,), "no_master"),
    ((exceptions.MaxConnectionsError,), "no_free_connection"),
    ((exceptions.InvalidResponse,), "not_redis"),
    ((exceptions.ResponseError,), "refused"),
    ((socket.gaierror,), "unknown_host"),
    ((TimeoutError, exceptions.TimeoutError), "timed_out"),
    ((ConnectionRefusedError,), "connection_refused"),
    ((FileNotFoundError,), "socket_missing"),
    ((PermissionError,), "file_forbidden"),
    ((redis.ConnectionError, OSError), "connection_lost"),
)
_NUMBERS: Final[dict[int, FailureKind]] = {
    errno.ECONNREFUSED: "connection_refused",
    errno.ENETUNREACH: "unreachable",
    errno.EHOSTUNREACH: "unreachable",
    errno.ENETDOWN: "unreachable",
    errno.EADDRNOTAVAIL: "unreachable",
    errno.ETIMEDOUT: "timed_out",
    errno.EMFILE: "too_many_files",
    errno.ENFILE: "too_many_files",
}
_VAGUE: Final[frozenset[FailureKind]] = frozenset(("internal", "connection_lost", "timed_out"))
"""Of these what it was raised from may know more; a server's answer is final."""
_NUMBER: Final = re.compile(r"\[Errno (\d+)\]")
_COMMAND: Final = re.compile(r"(?<!\w)['`]([A-Za-z|_.-]{1,32})['`]")
_CODE: Final = re.compile(r"[A-Z]{2,20}\b")


def describe_failure(error: BaseException) -> Failure:
    """Return what went wrong, in our own words; `internal` for what neither Redis nor the way to it raises."""
    causes = list(_causes(error))
    is_unanswered = any(isinstance(cause, ClosedUnansweredError) for cause in causes)
    is_connecting = any(" connecting to " in str(cause) for cause in causes)
    known, origin = Failure("internal", type(error).__name__), error
    for cause in causes:
        failure = tls_failure(cause, is_connecting=is_connecting) or _failure(cause)
        if failure is not None and known.kind in _VAGUE:
            known, origin = failure, cause
        if known.kind not in _VAGUE or isinstance(origin, OSError):
            break
    if is_unanswered and known.kind == "connection_lost":
        return Failure("tls_closed_unanswered" if isinstance(origin, ssl.SSLError) else "closed_unanswered")
    return known


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Give the error, then what it was raised from, as far as `_MOST_CAUSES`."""
    cause: BaseException | None = error
    for _ in range(_MOST_CAUSES):
        if cause is None:
            return
        yield cause
        cause = cause.__cause__ or cause.__context__


def _failure(cause: BaseException) -> Failure | None:
    """Return what one cause tells; None: nothing by itself."""
    if isinstance(cause, KeyspaceVersionError):
        return Failure("keyspace_version", str(cause))
    if isinstance(cause, redis.RedisError):
        return _of_answer(str(cause)) or _of_class(cause)
    if isinstance(cause, OSError):
        number = _NUMBER.search(str(cause))  # asyncio joins several errors into a text
        kind = _NUMBERS.get(cause.errno or (int(number[1]) if number else 0))
        return Failure(kind) if kind else _of_class(cause)
    return None


def _of_answer(text: str) -> Failure | None:
    for fragment, kind in _SAID:
        if fragment in text:
            return Failure(kind, _detail(kind, text))
    return None


def _of_class(cause: BaseException) -> Failure | None:
    for classes, kind in _CLASSES:
        if isinstance(cause, classes):
            return Failure(kind, _detail(kind, getattr(cause, "status_code", None) or str(cause)))
    return None


def _detail(kind: FailureKind, text: str) -> str:
    if kind in ("not_permitted", "unknown_command"):
        command = _COMMAND.search(text)
        return command[1].lower() if command else "one of the keys" if " key" in text else ""
    if kind == "refused":
        code = _CODE.match(text)
        return code[0] if code else ""
    return ""
