"""Run a real Sentinel deployment: a master, replicas, and the sentinels that watch them."""

import contextlib
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, Self

import redis

from tests.support.ports import free_port
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer
from tests.support.replication import is_in_step

SERVICE: Final = "mymaster"
_DOWN_AFTER_MILLISECONDS: Final = 1000
"""With 500 a new master is now and then taken for dead before the sentinel has connected to it."""


def url_of(*ports: int) -> str:
    """Return the URL with the sentinels at these ports."""
    return f"redis+sentinel://{','.join(f'127.0.0.1:{port}' for port in ports)}/{SERVICE}/0"


class Sentinel:
    """Own one sentinel process; `lines` are more of its configuration, `password` its own."""

    def __init__(
        self, master_port: int, quorum: int = 1, lines: tuple[str, ...] = (), password: str | None = None
    ) -> None:
        self.port = free_port()
        self._directory = Path(tempfile.mkdtemp(prefix="tokenpulse-sentinel-"))
        self._password = password
        self._process: subprocess.Popen[bytes] | None = None
        self._file = self._directory / "sentinel.conf"
        self._file.write_text(
            f"port {self.port}\nbind 127.0.0.1\ndir {self._directory}\nlogfile {self._directory}/log\n"
            f"sentinel monitor {SERVICE} 127.0.0.1 {master_port} {quorum}\n"
            f"sentinel down-after-milliseconds {SERVICE} {_DOWN_AFTER_MILLISECONDS}\n"
            f"sentinel failover-timeout {SERVICE} 3000\nsentinel parallel-syncs {SERVICE} 2\n"
            + "".join(f"{line}\n" for line in lines)
        )

    def start(self) -> None:
        """Start the process; it answers soon."""
        executable = shutil.which("redis-server")
        assert executable is not None
        self._process = subprocess.Popen(
            [executable, str(self._file), "--sentinel"], stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL
        )

    def pause(self) -> None:
        """Freeze the process: connections stay open, nothing is answered."""
        assert self._process is not None
        self._process.send_signal(signal.SIGSTOP)

    def resume(self) -> None:
        """Let a frozen process go on."""
        assert self._process is not None
        self._process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """Send SIGKILL, then wait until the process is gone; nothing happens when it already is."""
        process, self._process = self._process, None
        if process is not None:
            process.kill()
            process.wait(timeout=10)

    def close(self) -> None:
        """Kill the process if it runs; delete its files."""
        self.kill()
        shutil.rmtree(self._directory, ignore_errors=True)

    def ask(self, *command: str) -> Any:
        """Return the reply to a SENTINEL command as it came."""
        with redis.Redis(port=self.port, password=self._password, protocol=2, socket_timeout=5) as client:
            client.response_callbacks.clear()
            return client.execute_command("SENTINEL", *command)

    def knows(self, *, sentinels: int, replicas: int) -> bool:
        """Tell whether it knows as many other sentinels, and replicas."""
        try:
            told = self.ask("MASTER", SERVICE)
        except redis.RedisError:  # not started yet
            return False
        fields = dict(zip(told[::2], told[1::2], strict=True))
        return (int(fields[b"num-other-sentinels"]), int(fields[b"num-slaves"])) == (sentinels, replicas)


class SentinelDeployment:
    """Own a master, replicas of it, and sentinels; the first of `servers` is the master at the start.

    Its tests leave it well, whoever is the master then. `announced`: the ports that servers name as theirs, for
    proxies that stand before them; None: their own.
    """

    def __init__(
        self, *, replicas: int = 2, sentinels: int = 3, announced: Sequence[int] | None = None
    ) -> None:
        common = {"repl-diskless-sync-delay": "0", "repl-ping-replica-period": "1"}
        self.servers = [
            # 0: the port it listens on
            RedisServer(is_durable=False, **common, **{"replica-announce-port": str(port)})
            for port in announced or (0,) * (replicas + 1)
        ]
        self.sentinels: list[Sentinel] = []
        self._count = sentinels
        self._announced = announced

    @property
    def url(self) -> str:
        """Return the URL with all sentinels."""
        return url_of(*(sentinel.port for sentinel in self.sentinels))

    @property
    def ports(self) -> Sequence[int]:
        """Return the ports by which the servers are reached, in their order."""
        return self._announced or [server.port for server in self.servers]

    def start(self) -> None:
        """Start everything; return once the sentinels know each other and the replicas are in step."""
        for server in self.servers:
            server.start()
        for server in self.servers[1:]:
            with server.client() as client:
                client.replicaof("127.0.0.1", self.ports[0])
        wait_until(lambda: all(is_in_step(server) for server in self.servers[1:]), "the replicas to follow")
        quorum = self._count // 2 + 1
        self.sentinels = [Sentinel(self.ports[0], quorum) for _ in range(self._count)]
        for sentinel in self.sentinels:
            sentinel.start()
        wait_until(self._have_met, "the sentinels to meet")

    def master(self) -> int:
        """Return the place in `servers` of the master, as most sentinels say."""
        ports = [int(sentinel.ask("GET-MASTER-ADDR-BY-NAME", SERVICE)[1]) for sentinel in self.sentinels]
        port = max(ports, key=ports.count)
        return self.ports.index(port)

    def hand_over(self) -> None:
        """Have the sentinels make another server the master; an order that comes to nothing is given again."""
        old, first = self.ports[self.master()], self.sentinels[0]

        def has_another() -> bool:
            if int(first.ask("GET-MASTER-ADDR-BY-NAME", SERVICE)[1]) != old:
                return True
            with contextlib.suppress(
                redis.ResponseError
            ):  # one is under way, or no replica is known to be well
                first.ask("FAILOVER", SERVICE)
            return False

        wait_until(has_another, "a failover on command")
        wait_until(lambda: self.ports[self.master()] != old, "the other sentinels to know it")

    def is_well(self) -> bool:
        """Tell whether the master that the sentinels name has every other server in step with it."""
        try:
            master = self.master()
            replicas = [server for at, server in enumerate(self.servers) if at != master]
            with self.servers[master].client() as client:
                is_followed = client.info("replication")["connected_slaves"] == len(replicas)
            return is_followed and all(is_in_step(server) for server in replicas)
        except (redis.RedisError, KeyError):  # a replica for the moment, or not
            return False

    def follow(self, server: RedisServer) -> None:
        """Have a server follow the master at once; the sentinels would have it so in ten seconds."""
        with server.client() as client:
            client.replicaof("127.0.0.1", self.ports[self.master()])

    def close(self) -> None:
        """Kill everything; delete the files."""
        for process in (*self.sentinels, *self.servers):
            process.close()

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def _have_met(self) -> bool:
        others, replicas = self._count - 1, len(self.servers) - 1
        return all(sentinel.knows(sentinels=others, replicas=replicas) for sentinel in self.sentinels)
