"""What the doctor asks of one Redis server."""

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import redis

from tokenpulse_shared.rights import Role, lacking_rights

_CLOCK_QUESTIONS: Final = 5
"""The quickest of so many answers tells the clocks' difference best."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFacts:
    """Hold one server's answers.

    `label` names it, empty when it is the only one. `info`: INFO as redis-py reads it, None when the user may not
    ask. `lacking`: by role, rights as an ACL names them. `offset_seconds`: what this host's clock lacks of the
    server's, None when the user may not ask. `saves`: the save points of its configuration, None likewise.
    """

    label: str
    round_trip_seconds: float
    offset_seconds: float | None
    info: Mapping[str, Any] | None
    lacking: Mapping[Role, list[str]]
    saves: str | None

    @property
    def is_sentinel(self) -> bool:
        """Tell whether this is no server of data at all."""
        return self.info is not None and self.info.get("redis_mode") == "sentinel"


def ask_server(label: str, client: redis.Redis, roles: Sequence[Role], key: str) -> ServerFacts:
    """Return what a server answers; `key` is one of ours: rights are tried on it, nothing is done to it.

    Raises:
        redis.RedisError: it cannot be reached, or refuses what everybody needs.
        OSError: the connection broke in a way the driver does not translate.
    """
    answers = [_clock_answer(client) for _ in range(_CLOCK_QUESTIONS)]
    round_trip_seconds, offset_seconds = min(answers, key=lambda answer: answer[0])
    return ServerFacts(
        label=label,
        round_trip_seconds=round_trip_seconds,
        offset_seconds=offset_seconds,
        info=_unless_refused(client, "INFO"),
        lacking={role: lacking_rights(client, role, key) for role in roles},
        saves=_saves(_unless_refused(client, "CONFIG GET", "save")),
    )


def _clock_answer(client: redis.Redis) -> tuple[float, float | None]:
    """Return (seconds it took, server's clock less ours in the middle of it)."""
    began_at, began = time.time(), time.perf_counter()
    answer = _unless_refused(client, "TIME")
    took = time.perf_counter() - began
    if answer is None:
        return took, None
    seconds, microseconds = answer
    return took, seconds + microseconds / 1e6 - (began_at + took / 2)


def _unless_refused(client: redis.Redis, *command: str) -> Any:
    try:
        return client.execute_command(*command)  # type: ignore[no-untyped-call]  # untyped in redis-py
    except redis.ResponseError:
        return None


def _saves(reply: Any) -> str | None:
    if not isinstance(reply, dict):
        return None
    value = next(iter(reply.values()), None)
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
