"""What a test starts is gone when the test is."""

import signal

import httpx

from tests.support.app_server import CHAT_APP
from tests.support.processes import RunningProcess, wait_until


def _answers(url: str) -> bool:
    try:
        httpx.get(url, trust_env=False)
    except httpx.TransportError:
        return False
    return True


def test_workers_do_not_outlive_a_killed_server(redis_url: str) -> None:
    """The parent of two uvicorn workers is killed, which tells them nothing: the end of the block ends them."""
    arguments = ("uvicorn", CHAT_APP, "--port", "0", "--workers", "2")
    with RunningProcess(*arguments, environment={"REDIS_URL": redis_url}) as process:
        url = process.wait_for_line("Uvicorn running on ").split("running on ")[1].split()[0]
        for _ in range(2):
            process.wait_for_line("Application startup complete")
        process.send_signal(signal.SIGKILL)
        assert _answers(url)

    wait_until(lambda: not _answers(url), "nobody listens any more")
