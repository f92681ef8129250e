"""Nothing is asked of a server that the oldest one we support does not know."""

from typing import Final, get_args

import pytest
import redis

from tokenpulse_shared import scripts
from tokenpulse_shared.rights import COMMANDS, IN_A_CLUSTER

OLDEST: Final = (6, 2, 0)
TELLS_SINCE: Final = (7, 0, 0)
"""From where on a server tells which version brought a command."""
OF_LATER_SCRIPTS: Final = ("#!", "redis.acl_check_cmd", "redis.REDIS_VERSION", "redis.setresp", "server.call")
"""What scripts may say from Redis 7.0, or Valkey 8, on; `setresp` is older, and would change replies."""


def _version(text: bytes | str) -> tuple[int, ...]:
    return tuple(int(part) for part in (text if isinstance(text, str) else text.decode()).split("."))


def test_every_command_is_as_old_as_the_oldest_server(redis_client: redis.Redis) -> None:
    """Of writer, reader, operator and cluster, as the server itself tells; the scripts' commands are among them."""
    if _version(redis_client.info("server")["redis_version"]) < TELLS_SINCE:
        pytest.skip("this server is older than the question; the rest of the suite asks all of it")
    named = sorted({*IN_A_CLUSTER, *(command for commands in COMMANDS.values() for command in commands)})
    redis_client.response_callbacks.clear()
    reply = redis_client.execute_command("COMMAND", "DOCS", *named)
    facts = [dict(zip(told[::2], told[1::2], strict=True)) for told in reply[1::2]]

    assert sorted(name.decode() for name in reply[::2]) == named
    assert [fact for fact in facts if _version(fact[b"since"]) > OLDEST] == []


@pytest.mark.parametrize("name", get_args(scripts.ScriptName))
def test_no_script_says_what_only_later_servers_know(name: scripts.ScriptName) -> None:
    """No flags in a first line, no function that came with Redis 7."""
    text = scripts.source(name)

    assert [word for word in OF_LATER_SCRIPTS if word in text] == []
