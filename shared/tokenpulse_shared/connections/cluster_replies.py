"""Read what the nodes of a cluster reply: where a refusal sends us, what the rest means to redis-py."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from redis.exceptions import ReadOnlyError, ResponseError

from tokenpulse_shared.connections.many_hosts_url import Host
from tokenpulse_shared.connections.odd_replies import refusing

_MOST_WORDS: Final = 4
_OF_REPLICAS: Final = ("READONLY", "MASTERDOWN")
_NOT_FOR_PARSING: Final = frozenset(("keys", "NEVER_DECODE"))


class Redirect(NamedTuple):
    """Say where a key is. `is_final`: for good (MOVED), else while its slot is on the move (ASK)."""

    is_final: bool
    slot: int
    node: Host


def refusal_code(error: ResponseError) -> str:
    """Return the first word of an error reply: `MOVED`, `READONLY`, `ERR`; drivers before 6 keep it in the text."""
    code = getattr(error, "status_code", None)
    if isinstance(code, str):
        return code
    if isinstance(error, ReadOnlyError):
        return "READONLY"
    return str(error).partition(" ")[0]


def is_of_replica(error: ResponseError) -> bool:
    """Tell whether only a replica refuses so; Redis 6 wraps what a script was refused in another error."""
    return refusal_code(error) in _OF_REPLICAS or "-READONLY" in str(error)


def parse_redirect(error: ResponseError, asked: Host) -> Redirect | None:
    """Return where a reply sends us; None when it is no such reply.

    A node that names no host means the one it was `asked` by.
    """
    code = refusal_code(error)
    words = str(error).split()
    if code not in ("MOVED", "ASK") or not 2 <= len(words) < _MOST_WORDS:
        return None
    slot, (host, _, port) = words[-2], words[-1].rpartition(":")
    if not (slot.isdecimal() and port.isdecimal()):
        return None
    return Redirect(code == "MOVED", int(slot), (host.strip("[]") or asked[0], int(port)))


def parsed_replies(
    stack: Sequence[tuple[tuple[Any, ...], Mapping[str, Any]]],
    replies: Sequence[Any],
    callbacks: Mapping[Any, Callable[..., Any]],
) -> list[Any]:
    """Return the replies as redis-py gives them to callers; `stack`: each command with its options.

    Exceptions stay as they are; a reply that is no such command's is answered with `InvalidResponse`.
    """
    parsed: list[Any] = []
    for ((name, *_), options), reply in zip(stack, replies, strict=True):
        callback = None if isinstance(reply, Exception) else callbacks.get(name)
        parsed.append(reply if callback is None else _parsed(callback, reply, options))
    return parsed


def _parsed(callback: Callable[..., Any], reply: Any, options: Mapping[str, Any]) -> Any:
    of_parsing = {key: value for key, value in options.items() if key not in _NOT_FOR_PARSING}
    return refusing(callback, lambda odd: odd)(reply, **of_parsing)
