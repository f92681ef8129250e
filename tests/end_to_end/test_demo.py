"""Tests of the demo, as a user starts it."""

import re
import signal

import httpx
import redis

from tests.support.processes import RunningProcess, wait_until
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.totals.totals import http_labels

COMMAND = "tokenpulse_reader.cli"
PROVIDERS = {"openai", "anthropic", "groq", "mistral", "together", "deepseek"}
SUMMARY = re.compile(
    r"done: sent (?P<sent>\d+) requests: (?P<answered>\d+) answered, (?P<failed>\d+) failed, "
    r"(?P<left_early>\d+) hung up early by the client, (?P<cut_off>\d+) cut off by the stop"
)


def url_of(process: RunningProcess, name: str) -> str:
    """Return the URL that the process prints for `app` or `reader`."""
    return process.wait_for_line(f"{name:<8} http").split()[1]


def summary_of(process: RunningProcess) -> dict[str, int]:
    """Return the counts of the demo's last line."""
    found = SUMMARY.search(process.output)

    assert found is not None, process.output
    return {name: int(count) for name, count in found.groupdict().items()}


def test_demo_shows_all_providers_then_ends_on_ctrl_c() -> None:
    """Without a Redis every endpoint has numbers of all six providers within seconds; SIGINT ends it cleanly."""
    with RunningProcess(COMMAND, "demo", "--port", "0", "--rate", "40") as process:
        app, reader = url_of(process, "app"), url_of(process, "reader")
        commands = [process.wait_for_line("curl -s '") for _ in range(6)]
        with httpx.Client(trust_env=False) as client:
            models = client.get(app + "/v1/models").json()["data"]

            def seen() -> set[str]:
                health = client.get(reader + "/api/monitoring/health")
                return {entry["provider"] for entry in health.json()} if health.is_success else set()

            wait_until(lambda: seen() >= PROVIDERS, "health names all providers")
            address = re.compile(r"'(http[^']*)'")
            wait_until(
                lambda: all(client.get(address.findall(line)[0]).is_success for line in commands),
                "every command the demo prints is answered with 200",
            )
            metrics = client.get(reader + "/metrics").text
            status = process.wait_for_line("sent ")
        process.send_signal(signal.SIGINT)
        code = process.wait()
        counts = summary_of(process)

    assert code == 0
    assert "Traceback" not in process.output
    assert {model["owned_by"] for model in models} == PROVIDERS
    assert (
        'model_inference_requests_total{provider="openai",model="openai/gpt-4o",status="success"}' in metrics
    )
    assert "answered" in status
    assert counts.pop("sent") == sum(counts.values())


def test_demo_loses_and_doubles_nothing(redis_url: str, redis_client: redis.Redis) -> None:
    """After the end a real Redis holds exactly as many requests as the demo's client sent."""
    with RunningProcess(
        COMMAND,
        "demo",
        "--port",
        "0",
        "--rate",
        "30",
        "--duration",
        "5",
        "--seed",
        "3",
        "--redis-url",
        redis_url,
    ) as process:
        code = process.wait()
        counts = summary_of(process)
    keys = Keyspace()
    providers = [name.decode() for name in redis_client.zrange(keys.providers(), 0, -1)]
    inference = sum(int(redis_client.hget(keys.totals(name), "total_requests") or 0) for name in providers)
    fields = redis_client.hgetall(keys.http_totals("demo"))
    exchanges = {
        (labels[2], labels[1]): int(count)
        for field, count in fields.items()
        if (labels := http_labels(field)) and labels[0] == "requests"
    }

    assert code == 0
    assert "Traceback" not in process.output
    assert counts["sent"] > 100
    assert counts["sent"] == inference + exchanges.get(("/v1/models", "GET"), 0)


def test_demo_ends_on_sigterm() -> None:
    """SIGTERM ends the demo as Ctrl-C does."""
    with RunningProcess(COMMAND, "demo", "--port", "0", "--rate", "5") as process:
        process.wait_for_line("Ctrl-C ends it.")
        process.send_signal(signal.SIGTERM)
        code = process.wait()

    assert code == 0
    assert "done: sent" in process.output
    assert "Traceback" not in process.output
