"""Say what the figures were measured on."""

import os
import platform
from importlib.metadata import version

import redis


def machine_lines(client: redis.Redis) -> list[str]:
    """Return one line each on Python, libraries, the server, the processor's load."""
    server = client.info("server")
    one, five, _ = os.getloadavg()
    libraries = ", ".join(f"{name} {version(name)}" for name in ("redis", "orjson", "starlette"))
    return [
        f"Python {platform.python_version()} ({platform.python_implementation()}), {libraries}",
        f"redis-server {server['redis_version']} on the loopback, no persistence",
        f"{platform.machine()}, {os.cpu_count()} cores, load average {one:.2f} (1 min) {five:.2f} (5 min)",
    ]
