"""Run a real redis-server that a test may kill, freeze or restart.

The server keeps an append-only file that is written before every reply, so what a client was told survives
SIGKILL of the server: `restart(keep_data=True)` brings it back, `restart()` comes back empty.
"""

import contextlib
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final, Self

import redis

from tests.support.ports import free_port

START_DEADLINE_SECONDS: Final = 60.0
_POLL_SECONDS: Final = 0.01
_START_ATTEMPTS: Final = 5


class RedisServerMissingError(Exception):
    """Say that redis-server is not installed, and what to do about it."""

    def __init__(self) -> None:
        super().__init__(
            "redis-server is not on PATH, and this test starts, kills or restarts one of its own. "
            "Install it (apt-get install redis-server, dnf install redis, apk add redis, brew install redis) "
            "or run `make test`, which does. TOKENPULSE_TEST_REDIS_URL only serves the tests that use a "
            "server without killing it."
        )


class RedisServer:
    """Own one redis-server process on the loopback.

    `options` go to redis-server as `--name value`. The port stays the same over restarts.
    """

    def __init__(self, *, is_durable: bool = True, **options: str) -> None:
        executable = shutil.which("redis-server")
        if executable is None:
            raise RedisServerMissingError
        self._executable = executable
        self._durability = "yes" if is_durable else "no"
        self._options = options
        self._directory = Path(tempfile.mkdtemp(prefix="tokenpulse-redis-"))
        self._process: subprocess.Popen[bytes] | None = None
        self._is_paused = False
        self.port = 0

    @property
    def url(self) -> str:
        """Return the URL of database 0."""
        return f"redis://127.0.0.1:{self.port}/0"

    @property
    def is_running(self) -> bool:
        """Tell whether the process is alive (a paused one is)."""
        return self._process is not None and self._process.poll() is None

    @property
    def is_awake(self) -> bool:
        """Tell whether the process is alive, and not paused."""
        return self.is_running and not self._is_paused

    def start(self, **options: str) -> None:
        """Start the process; return once it answers PING. `options` hold for this start only.

        Raises:
            RuntimeError: it did not; holds what it logged.
        """
        attempts = 1 if self.port else _START_ATTEMPTS
        for _ in range(attempts):
            port = self.port or free_port()
            self._process = self._spawn(port, options)
            if self._answers(port):
                self.port = port
                return
            self.kill()
        raise RuntimeError(f"redis-server did not start: {self._log_path.read_text(errors='replace')}")

    def client(self) -> redis.Redis:
        """Return a new blocking client that answers bytes; the caller closes it."""
        return redis.Redis(host="127.0.0.1", port=self.port, protocol=2, socket_timeout=10)

    def kill(self) -> None:
        """Send SIGKILL, then wait until the process is gone; nothing happens when it already is."""
        self._end(signal.SIGKILL)

    def stop(self) -> None:
        """Send SIGTERM, then wait until the process is gone; nothing happens when it already is."""
        self._end(signal.SIGTERM)

    def restart(self, *, keep_data: bool = False, **options: str) -> None:
        """Stop the server if it runs, start it on the same port: empty, or with all it acknowledged.

        `options` hold for this start only.
        """
        self.stop()
        if not keep_data:
            shutil.rmtree(self._directory)
            self._directory.mkdir()
        self.start(**options)

    def pause(self) -> None:
        """Freeze the process with SIGSTOP: connections stay open, nothing is answered."""
        if self._process is not None:
            self._is_paused = True
            self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen process go on."""
        self._is_paused = False
        if self._process is not None:
            self._process.send_signal(signal.SIGCONT)

    def close(self) -> None:
        """Kill the server if it runs; delete its files."""
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    @property
    def _log_path(self) -> Path:
        return self._directory / "redis.log"

    def _spawn(self, port: int, more: Mapping[str, str]) -> subprocess.Popen[bytes]:
        options = {
            "port": str(port),
            "bind": "127.0.0.1",
            "dir": str(self._directory),
            "logfile": str(self._log_path),
            "save": "",
            "appendonly": self._durability,
            "appendfsync": "no",
            "auto-aof-rewrite-percentage": "0",
            **self._options,
            **more,
        }
        arguments = [word for name, value in options.items() for word in (f"--{name}", value)]
        return subprocess.Popen(
            [self._executable, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def _answers(self, port: int) -> bool:
        deadline = time.monotonic() + START_DEADLINE_SECONDS
        while time.monotonic() < deadline and self.is_running:
            with contextlib.suppress(redis.RedisError), redis.Redis(port=port, protocol=2) as client:
                return bool(client.ping())
            time.sleep(_POLL_SECONDS)
        return False

    def _end(self, number: signal.Signals) -> None:
        process, self._process = self._process, None
        self._is_paused = False
        if process is None:
            return
        process.send_signal(number)
        process.send_signal(signal.SIGCONT)
        process.wait(timeout=START_DEADLINE_SECONDS)


@contextlib.contextmanager
def running_redis(*, is_durable: bool = True, **options: str) -> Iterator[RedisServer]:
    """Give a fresh server for the length of a `with` block."""
    with RedisServer(is_durable=is_durable, **options) as server:
        yield server
