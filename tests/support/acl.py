"""Make Redis users with the rights that the documentation names, or fewer."""

from typing import Any

import redis

from tests.support.redis_server import RedisServer
from tokenpulse_shared.keyspace import DEFAULT_PREFIX
from tokenpulse_shared.rights import Role, acl_rules

PASSWORD = "s3cret"


def user_url(
    server: RedisServer, role: Role, *, without: str | None = None, prefix: str = DEFAULT_PREFIX
) -> str:
    """Make a user named after its role, with its least rights but for one command; return its URL."""
    rules = [rule for rule in acl_rules(role, prefix) if rule != f"+{without}"]
    with server.client() as client:
        client.execute_command("ACL", "SETUSER", role, "reset", "on", f">{PASSWORD}", *rules)
    return f"redis://{role}:{PASSWORD}@127.0.0.1:{server.port}/0"


def change_user(client: redis.Redis, role: Role, *rules: str) -> None:
    """Change a user's rules while it is connected."""
    client.execute_command("ACL", "SETUSER", role, *rules)


def denials(client: redis.Redis) -> list[tuple[str, str]]:
    """Return (user, command or key) of everything that was refused, but what the driver tries by itself."""
    entries: list[dict[str, Any]] = client.acl_log()
    return [(entry["username"], entry["object"]) for entry in entries if entry["object"] != "client|setinfo"]
