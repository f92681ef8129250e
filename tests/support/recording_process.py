"""Record through a `Recorder` in a process of its own: `python -m tests.support.recording_process <scenario>`.

The recorder takes its settings from the environment. Every scenario prints what it did, one line per step.
"""

import atexit
import multiprocessing
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable
from typing import Final

from tokenpulse import Recorder


def _record(recorder: Recorder, times: int, model: str = "chat-1") -> None:
    for _ in range(times):
        recorder.record(provider="acme", model=model, latency_ms=250.0, tokens_input=7, tokens_output=3)


def record_then_wait() -> None:
    """Record 500 requests at once, then wait to be ended."""
    recorder = Recorder()
    _record(recorder, 500)
    print("recorded", flush=True)
    while True:
        signal.pause()


def record_steadily() -> None:
    """Record a request every 2 ms until killed; print each one's number, then its monotonic time."""
    recorder, number = Recorder(), 0
    while True:
        number += 1
        _record(recorder, 1)
        print(number, time.monotonic(), flush=True)
        time.sleep(0.002)


def record_without_pause() -> None:
    """Record one request after the other until killed; print every 10,000th one's number."""
    recorder, number = Recorder(), 0
    while True:
        number += 1
        _record(recorder, 1)
        if number % 10_000 == 0:
            print(number, flush=True)


def fork_between_records() -> None:
    """Record 100, fork with all of it unflushed; 50 more in the parent, 70 in the child, as they end."""
    recorder = Recorder()
    _record(recorder, 100, "before")
    child = os.fork()
    if child == 0:
        _record(recorder, 70, "child")
        recorder.close()
        os._exit(0)
    _record(recorder, 50, "parent")
    _, status = os.waitpid(child, 0)
    recorder.close()
    print("child ended with", os.waitstatus_to_exitcode(status), flush=True)


def record_in_children_of_multiprocessing() -> None:
    """Record 100, then 40 in each of two children that end without a word, one forked, one spawned; 50 more."""
    recorder = Recorder()
    _record(recorder, 100, "parent")
    for method, record in (("fork", lambda: _record(recorder, 40, "forked")), ("spawn", record_spawned)):
        child = multiprocessing.get_context(method).Process(target=record)
        child.start()
        child.join()
        print("child ended with", child.exitcode, flush=True)
    _record(recorder, 50, "parent")


def record_spawned() -> None:
    """Record 40 with a recorder that is kept alive to the end of the process."""
    recorder = Recorder()
    _record(recorder, 40, "spawned")
    atexit.register(lambda: recorder)


def exit_normally() -> None:
    """Record 30 requests, return from the program's last line."""
    recorder = Recorder()
    _record(recorder, 30)
    print("recorded", recorder.stats()["observations"], flush=True)


def record_while_shutting_down() -> None:
    """Record 30 requests, then more of them in everything that runs while the interpreter shuts down."""
    recorder = Recorder()

    class Late:
        def __del__(self) -> None:
            _record(recorder, 1, "finalizer")

    def record_on() -> None:
        while True:
            _record(recorder, 1, "thread")
            time.sleep(0.0001)

    atexit.register(_record, recorder, 10, "before")
    _record(recorder, 30)
    atexit.register(_record, recorder, 10, "after")
    sys.modules["late"] = Late()  # type: ignore[assignment]  # goes when modules do
    print("recorded 30", flush=True)
    threading.Thread(target=record_on, daemon=True).start()


def record_without_descriptors() -> None:
    """Record 40 requests with no descriptor left, then let there be some again."""
    recorder = Recorder()
    lowest_free = os.dup(0)
    os.close(lowest_free)
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (lowest_free, most))
    _record(recorder, 40)
    assert not recorder.flush()
    print("could not flush,", recorder.stats()["observations"], "are kept", flush=True)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    recorder.close()
    print("flushed", flush=True)


SCENARIOS: Final[dict[str, Callable[[], None]]] = {
    scenario.__name__: scenario
    for scenario in (
        record_then_wait,
        record_steadily,
        record_without_pause,
        fork_between_records,
        record_in_children_of_multiprocessing,
        exit_normally,
        record_while_shutting_down,
        record_without_descriptors,
    )
}

if __name__ == "__main__":
    SCENARIOS[sys.argv[1]]()
