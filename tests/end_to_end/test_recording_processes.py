"""What a process recorded is in Redis, however the process ends."""

import signal
import time

import redis

from tests.support.ledger import load_counters, load_request_count
from tests.support.processes import RunningProcess

SCENARIOS = "tests.support.recording_process"
FLUSH_SECONDS = 0.5
SLACK_SECONDS = 0.5
"""A flush under way when the process is killed, on a machine with other work to do."""


def _recording(scenario: str, redis_url: str, flush_seconds: float) -> RunningProcess:
    environment = {"REDIS_URL": redis_url, "TOKENPULSE_FLUSH_INTERVAL": str(flush_seconds)}
    return RunningProcess(SCENARIOS, scenario, environment=environment)


def test_sigterm_flushes_everything_within_two_seconds(redis_url: str, redis_client: redis.Redis) -> None:
    """A process whose next flush is a minute away has everything in Redis when SIGTERM has ended it."""
    with _recording("record_then_wait", redis_url, 60) as process:
        process.wait_for_line("recorded")
        asked_at = time.monotonic()
        process.send_signal(signal.SIGTERM)
        code = process.wait()
        seconds = time.monotonic() - asked_at

    assert code == -signal.SIGTERM
    assert seconds < 2.0
    assert load_counters(redis_client, "total_requests", "tokens_input", "tokens_output") == {
        ("acme", None): {"total_requests": 500, "tokens_input": 3500, "tokens_output": 1500},
        ("acme", "chat-1"): {"total_requests": 500, "tokens_input": 3500, "tokens_output": 1500},
    }


def test_sigterm_in_the_middle_of_a_call_loses_nothing_before(
    redis_url: str, redis_client: redis.Redis
) -> None:
    """SIGTERM interrupts a process that does nothing but record, most likely inside `record`."""
    for _ in range(3):
        redis_client.flushdb()
        with _recording("record_without_pause", redis_url, 60) as process:
            process.wait_for_line("10000")
            process.send_signal(signal.SIGTERM)
            code = process.wait()
            # Beside a warning, where the end had no time for all that was recorded meanwhile.
            printed = max(int(line) for line in process.output.splitlines() if line.isdigit())

        assert code == -signal.SIGTERM
        assert 10_000 <= load_request_count(redis_client) <= printed + 10_000


def test_interpreter_exit_flushes_everything(redis_url: str, redis_client: redis.Redis) -> None:
    """A program that just ends has everything in Redis."""
    with _recording("exit_normally", redis_url, 60) as process:
        assert process.wait() == 0

    assert load_request_count(redis_client) == 30


def test_sigkill_loses_at_most_one_flush_interval(redis_url: str, redis_client: redis.Redis) -> None:
    """Whatever was recorded a flush interval before SIGKILL is in Redis, nothing more than was recorded is."""
    with _recording("record_steadily", redis_url, FLUSH_SECONDS) as process:
        process.wait_for_line("1000 ")
        killed_at = time.monotonic()
        process.send_signal(signal.SIGKILL)
        process.wait()
        lines = [line.split() for line in process.output.splitlines(keepends=True) if line.endswith("\n")]
    recorded = [(int(number), float(at)) for number, at in lines]
    due = max(number for number, at in recorded if at < killed_at - FLUSH_SECONDS - SLACK_SECONDS)

    assert due > 0
    assert due <= load_request_count(redis_client) <= recorded[-1][0] + 1


def test_fork_counts_once_what_parent_and_child_record(redis_url: str, redis_client: redis.Redis) -> None:
    """What waits at a fork is flushed by the parent alone; both flush what they record after it."""
    with _recording("fork_between_records", redis_url, 60) as process:
        process.wait_for_line("child ended with 0")
        assert process.wait() == 0

    assert load_counters(redis_client, "total_requests") == {
        ("acme", None): {"total_requests": 220},
        ("acme", "before"): {"total_requests": 100},
        ("acme", "child"): {"total_requests": 70},
        ("acme", "parent"): {"total_requests": 50},
    }


def test_children_of_multiprocessing_flush(redis_url: str, redis_client: redis.Redis) -> None:
    """They end without `atexit`; what they recorded is in Redis all the same, the parent's too, once."""
    with _recording("record_in_children_of_multiprocessing", redis_url, 60) as process:
        for _ in range(2):
            process.wait_for_line("child ended with 0")
        assert process.wait() == 0

    assert load_counters(redis_client, "total_requests") == {
        ("acme", None): {"total_requests": 230},
        ("acme", "parent"): {"total_requests": 150},
        ("acme", "forked"): {"total_requests": 40},
        ("acme", "spawned"): {"total_requests": 40},
    }


def test_processes_add_up(redis_url: str, redis_client: redis.Redis) -> None:
    """Three processes that record the same series at the same time count all of it."""
    running = [_recording("record_then_wait", redis_url, 0.05) for _ in range(3)]
    for process in running:
        with process:
            process.wait_for_line("recorded")
            process.send_signal(signal.SIGTERM)
            process.wait()

    assert load_request_count(redis_client) == 1500
