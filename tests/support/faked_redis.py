"""Run a redis-server whose time of day is the test's: it runs ahead, behind, or stands; its timeouts stay real."""

import mmap
import shutil
import struct
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from tests.support.redis_server import RedisServer

_SOURCE: Final = Path(__file__).with_name("set_clock.c")


class FakedRedis:
    """Hold a running server with the clock it reads."""

    def __init__(self, server: RedisServer, told: mmap.mmap) -> None:
        self.server = server
        self.url = server.url
        self._told = told

    def stop_clock(self, epoch_seconds: float) -> None:
        """Have the clock stand at a moment."""
        self._told[:] = struct.pack("=qq", 1, round(epoch_seconds * 1e6))

    def run_clock(self, epoch_seconds: float) -> None:
        """Have the clock run on from a moment."""
        self._told[:] = struct.pack("=qq", 0, round((epoch_seconds - time.time()) * 1e6))


def _library(directory: Path) -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("there is no C compiler, by which a redis-server is given a clock of its own")
    library = directory / "set_clock.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-O1", "-o", library, _SOURCE], check=True)
    return library


@contextmanager
def faked_redis(directory: Path) -> Iterator[FakedRedis]:
    """Give an empty server with the real time at first; the test is skipped where there is no C compiler."""
    library, told_by = _library(directory), directory / "clock"
    told_by.write_bytes(bytes(16))
    server = RedisServer(is_durable=False)
    wrapper = directory / "redis-server"
    wrapper.write_text(
        "#!/bin/sh\n"
        f"LD_PRELOAD='{library}' TOKENPULSE_TEST_CLOCK='{told_by}' exec '{server._executable}' \"$@\"\n"
    )
    wrapper.chmod(0o700)
    server._executable = str(wrapper)
    with told_by.open("r+b") as file, mmap.mmap(file.fileno(), 16) as told, server:
        yield FakedRedis(server, told)
