"""A process that ends while Redis is away says how many requests it takes with it, or where they wait."""

import re
import signal
import time
from pathlib import Path
from typing import Final

import pytest

from tests.support.app_server import AppServer, chat, connections_to, serving
from tests.support.ledger import load_request_count
from tests.support.processes import RunningProcess, wait_until
from tests.support.redis_server import RedisServer
from tokenpulse import Recorder

REQUESTS: Final = 20
WITHOUT_LIFESPAN: Final = "tests.support.chat_app:app_without_lifespan"
END_SECONDS: Final = 4.0
"""Our 2 s, and what the server takes of its own on a loaded machine."""
STOPPED: Final = re.compile(r"stopped; requests not known to be in Redis: (\d+) \(([^)]*)\); (.*)")
LOST: Final = "they are lost when this process ends; set spill_path to have the next one bring them"


def _ask(server: AppServer) -> None:
    with connections_to(server) as client:
        for at in range(REQUESTS):
            assert chat(client, "acme/chat-1", stream=at % 2 == 0).status_code == 200


def _end(server: AppServer) -> float:
    """Have the server end by SIGTERM; return how long that took, seconds."""
    asked_at = time.monotonic()
    server.process.send_signal(signal.SIGTERM)
    server.process.wait()
    return time.monotonic() - asked_at


@pytest.mark.parametrize("how", ["killed", "frozen"])
@pytest.mark.parametrize(
    ("app", "lifespan", "workers"),
    [
        ("tests.support.chat_app:app", "on", 1),
        ("tests.support.chat_app:app", "off", 1),
        (WITHOUT_LIFESPAN, "auto", 1),
        ("tests.support.chat_app:app", "on", 2),
    ],
)
def test_what_is_lost_is_said(
    redis_server: RedisServer, app: str, lifespan: str, workers: int, how: str
) -> None:
    """One line of each worker that served: together they name every request, and the end is as quick as ever."""
    redis_server.kill() if how == "killed" else redis_server.pause()
    with serving(
        redis_server.url, "--lifespan", lifespan, app=app, workers=workers, flush_seconds=60
    ) as server:
        _ask(server)
        seconds = _end(server)
    told = STOPPED.findall(server.process.output)

    assert sum(int(count) for count, _, _ in told) == REQUESTS
    assert len(told) <= workers
    assert {(reason, fate) for _, reason, fate in told} == {
        ("connection refused" if how == "killed" else "timed out", LOST)
    }
    assert seconds < END_SECONDS


def test_what_a_spill_file_holds_is_not_lost(redis_server: RedisServer, tmp_path: Path) -> None:
    """The line says where it waits, and the next process brings all of it, once."""
    redis_server.kill()
    spill = {"TOKENPULSE_SPILL_PATH": str(tmp_path)}
    with serving(redis_server.url, flush_seconds=60, environment=spill) as server:
        _ask(server)
        _end(server)
    told = STOPPED.findall(server.process.output)
    redis_server.restart(keep_data=True)
    recorder = Recorder(redis_server.url, spill_path=tmp_path)
    recorder.ensure_started()
    wait_until(lambda: not recorder.stats()["spill"]["replaying"], "everything is replayed")
    recorder.close()

    assert told == [
        (
            str(REQUESTS),
            "connection refused",
            f"they wait in {tmp_path} for the next process with this spill_path",
        )
    ]
    with redis_server.client() as client:
        assert load_request_count(client) == REQUESTS
    assert list(tmp_path.iterdir()) == []


def test_an_end_with_everything_in_redis_says_nothing(redis_url: str) -> None:
    """The line is for what is missing."""
    with serving(redis_url, flush_seconds=60) as server:
        _ask(server)
        _end(server)

    assert "stopped; requests" not in server.process.output


def test_the_interpreters_exit_says_it_too(redis_server: RedisServer) -> None:
    """A program without a server, that returns from its last line."""
    redis_server.kill()
    with RunningProcess(
        "tests.support.recording_process", "exit_normally", environment={"REDIS_URL": redis_server.url}
    ) as process:
        code = process.wait()

    assert code == 0
    assert STOPPED.findall(process.output) == [("30", "connection refused", LOST)]


def test_the_demo_says_what_to_do(redis_server: RedisServer) -> None:
    """Its last line tells how many requests are not in Redis, as many as the log, and which setting would keep them."""
    redis_server.kill()
    options = ("--port", "0", "--rate", "30", "--duration", "3", "--redis-url", redis_server.url)
    with RunningProcess("tokenpulse_reader.cli", "demo", *options) as process:
        code = process.wait()
    *_, last = process.output.splitlines()
    ((pending, _, _),) = STOPPED.findall(process.output)

    assert code == 0
    assert int(pending) > 0
    assert last == (
        f"NOT in Redis, as far as is known: {pending} of them, Redis was away at the end; "
        "they are lost; with TOKENPULSE_SPILL_PATH=<directory> the next start would bring them"
    )
