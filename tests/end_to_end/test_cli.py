"""Tests of the command line, as a user starts it."""

import signal
import socket
import subprocess
import sys

import httpx
import pytest
from click.testing import CliRunner

from tests.support.processes import RunningProcess, wait_until
from tests.support.redis_server import RedisServer
from tokenpulse_reader.cli import main

COMMAND = "tokenpulse_reader.cli"
QUESTION = {"model": "groq/llama-3.3-70b", "messages": [{"role": "user", "content": "Hello"}]}


def run_command(*arguments: str, **environment: str) -> tuple[int, str]:
    """Return (exit code, both outputs) of a command that ends by itself."""
    result = CliRunner().invoke(main, arguments, env=environment, prog_name="tokenpulse")
    return result.exit_code, result.output


def url_of(process: RunningProcess, name: str) -> str:
    """Return the URL that the process prints for `app` or `reader`."""
    return process.wait_for_line(f"{name:<8} http").split()[1]


@pytest.mark.parametrize("command", ["demo", "reader", "run"])
def test_help_explains_every_flag(command: str) -> None:
    """The help names each flag of the command together with a sentence on it."""
    code, output = run_command(command, "--help")
    options = main.commands[command].params

    assert code == 0
    for option in options:
        if option.param_type_name == "option":
            assert option.opts[0] in output
            assert option.help


def test_wrong_flag_value_is_one_line() -> None:
    """A setting that cannot be used ends the start with its name, value and expectation, exit code 2."""
    assert run_command("reader", "--port", "99999") == (
        2,
        "Error: port='99999': expected a whole number from 0 to 65535\n",
    )


def test_wrong_environment_value_is_one_line() -> None:
    """The environment's values are checked as the flags are; the variable is named."""
    assert run_command("reader", TOKENPULSE_SNAPSHOT_INTERVAL="soon") == (
        2,
        "Error: TOKENPULSE_SNAPSHOT_INTERVAL='soon': expected seconds from 0.1 to 60\n",
    )


@pytest.mark.parametrize("command", [("reader",), ("demo",)])
def test_open_reader_is_refused(command: tuple[str, ...]) -> None:
    """Without a token no reader binds to an address that others reach, unless told to."""
    code, output = run_command(*command, "--host", "0.0.0.0", "--port", "0")

    assert code == 2
    assert output.startswith("Error: refusing to bind the reader to 0.0.0.0 without a token:")
    assert "--allow-open" in output


def test_port_in_use_is_one_line() -> None:
    """A taken port ends the start with the port and what to do, exit code 1."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        code, output = run_command("reader", "--port", str(port), "--redis-url", "memory://")
    expected = (
        f"Error: cannot listen on port {port} of 127.0.0.1: address already in use. "
        "Stop what listens there, or choose another port with --port (0 takes a free one).\n"
    )

    assert (code, output) == (1, expected)


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("tests", "'tests' does not name an app; expected module:attribute, as in myproject.main:app"),
        ("no_such:app", "cannot import 'no_such': No module named 'no_such'"),
        ("tests.support.sample_app:application", "'tests.support.sample_app' is imported, but it has no 'application'"),
        ("tests.support.sample_app:not_an_app", "'tests.support.sample_app:not_an_app' is of type int, which cannot be called as an ASGI app"),
    ],
)  # fmt: skip
def test_run_names_what_it_cannot_import(target: str, message: str) -> None:
    """A target that is no app ends the start with one line, exit code 2."""
    assert run_command("run", target) == (2, f"Error: {message}\n")


def test_version_is_printed() -> None:
    """`--version` prints name and version, by the installed entry point too."""
    printed = subprocess.run(
        [sys.executable, "-m", COMMAND, "--version"], capture_output=True, text=True, check=True
    ).stdout

    assert printed == "tokenpulse, version 0.1.0\n"


@pytest.mark.parametrize("missing", ["click", "uvicorn"])
def test_missing_extra_is_one_line(missing: str) -> None:
    """Without the reader extra the command says what to install."""
    program = f"import sys; sys.modules[{missing!r}] = None; from tokenpulse_reader.cli import main"
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)

    expected = (
        f"tokenpulse: the command line needs {missing}, which is not installed; "
        "install it with: pip install 'tokenpulse[reader]'\n"
    )

    assert (ended.returncode, ended.stderr) == (1, expected)


def test_reader_serves_until_sigterm(redis_url: str) -> None:
    """The reader prints its URL, answers, ends with exit code 0 on SIGTERM."""
    with RunningProcess(COMMAND, "reader", "--port", "0", "--redis-url", redis_url) as process:
        response = httpx.get(url_of(process, "reader") + "/healthz", trust_env=False)
        process.send_signal(signal.SIGTERM)
        code = process.wait()

    assert response.status_code == 200
    assert code == 0
    assert process.output.endswith("stopped\n")
    assert "Traceback" not in process.output


def test_reader_of_a_memory_store_says_that_no_app_writes() -> None:
    """A reader on memory:// sees no writer, and says so."""
    with RunningProcess(COMMAND, "reader", "--port", "0", "--redis-url", "memory://") as process:
        process.wait_for_line("no app writes: it shows only what is posted")
        process.send_signal(signal.SIGTERM)

        assert process.wait() == 0


def test_reader_starts_without_redis(redis_server: RedisServer) -> None:
    """A reader whose Redis is away serves at once, and says so, and ends cleanly."""
    url = redis_server.url
    redis_server.kill()
    with RunningProcess(COMMAND, "reader", "--port", "0", "--redis-url", url) as process:
        base = url_of(process, "reader")
        alive = httpx.get(base + "/healthz", trust_env=False)
        ready = httpx.get(base + "/readyz", trust_env=False)
        process.send_signal(signal.SIGINT)
        code = process.wait()

    assert (alive.status_code, ready.status_code, code) == (200, 503, 0)
    assert "Traceback" not in process.output


def test_run_measures_the_app_in_one_process() -> None:
    """`run` wraps an app, keeps the numbers in memory, and its reader shows the request."""
    with RunningProcess(
        COMMAND, "run", "tests.support.sample_app:app", "--port", "0", "--reader-port", "0"
    ) as process:
        app, reader = url_of(process, "app"), url_of(process, "reader")
        process.wait_for_line("memory://")
        answer = httpx.post(app + "/v1/chat/completions", json=QUESTION, trust_env=False)

        def groq() -> dict[str, object]:
            stats = httpx.get(reader + "/api/monitoring/stats/realtime", trust_env=False)
            providers: dict[str, dict[str, object]] = stats.json().get("providers", {})
            return providers.get("groq", {})

        wait_until(lambda: groq().get("total_requests") == 1, "the reader shows the request")
        seen = groq()
        process.send_signal(signal.SIGTERM)
        code = process.wait()

    assert answer.json()["usage"]["completion_tokens"] == 5
    assert (seen["tokens_input"], seen["tokens_output"], seen["total_cost"]) == (11, 5, 0.00125)
    assert code == 0
    assert "Traceback" not in process.output
