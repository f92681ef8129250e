"""Tests of recorders that share a spill directory, and of what they find in it."""

import os
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest
import redis

from tests.support.clock import FakeClock
from tests.support.killing import leave, replay
from tests.support.ledger import load_http_requests, load_request_count, load_totals
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer
from tokenpulse import recorder_parts
from tokenpulse.recorder import Recorder
from tokenpulse.sink import HttpExchange
from tokenpulse.spill import spill, spill_files, spill_replay, spill_replayer
from tokenpulse.spill.spill_files import SpillFiles
from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.keyspace import Keyspace

DAY_SECONDS = 86_400.0
Open = Callable[..., Recorder]


@pytest.fixture
def spilling(redis_url: str, tmp_path: Path) -> Iterator[Open]:
    """Give a maker of recorders that spill, without a thread; what they hold goes when the test ends."""
    made: list[Recorder] = []

    def make(url: str = redis_url, **given: Any) -> Recorder:
        recorder = Recorder(url, **{"spill_path": tmp_path, "flush_interval": 60, **given})
        recorder._started = True
        made.append(recorder)
        return recorder

    yield make
    for recorder in made:
        leave(recorder)
        recorder._client.close()


def _record(recorder: Recorder, times: int, provider: str = "p", **given: Any) -> None:
    for _ in range(times):
        recorder.record(provider=provider, model="m", **given)


def _counts(recorder: Recorder) -> dict[str, int]:
    return cast("dict[str, int]", recorder.stats()["counts"])


def _segments(directory: Path) -> list[str]:
    return sorted(path.name.split(".", 1)[1] for path in directory.iterdir() if ".log" in path.name)


def test_a_recorder_in_good_times_leaves_nothing(
    spilling: Open, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """While it runs the log is there; closed, with everything in Redis, it is gone."""
    recorder = spilling()
    _record(recorder, 100)
    assert recorder.stats()["spill"] == {"bytes": 262_144, "stopped": False, "replaying": False}

    recorder.close()

    assert load_request_count(redis_client) == 100
    assert list(tmp_path.iterdir()) == []


def test_recorders_without_a_directory_have_no_log(redis_url: str, open_recorder: Open) -> None:
    """Nothing is said of what is not there."""
    assert "spill" not in open_recorder(redis_url).stats()


def test_what_a_closed_recorder_could_not_send_comes_with_the_next(
    spilling: Open, redis_server: RedisServer, tmp_path: Path
) -> None:
    """Redis is away when a process ends, however gently: its counts wait in the directory."""
    first = spilling(redis_server.url)
    _record(first, 30, gateway="g")
    first.count_http(HttpExchange("GET", "/a", 200, 0.1, 1, 1, None))
    redis_server.stop()
    first.close()
    assert _segments(tmp_path) == ["00000000.log"]

    leave(first)
    redis_server.start()
    second = spilling(redis_server.url)
    _record(second, 5)
    replay(second)

    with redis_server.client() as client:
        assert load_request_count(client) == 30
        assert load_http_requests(client) == {("GET", "/a", 200): 1}
        second.close()
        assert load_request_count(client) == 35
    assert list(tmp_path.iterdir()) == []
    assert _counts(second)["spill_replayed"] == 31
    assert _counts(second)["observations"] == 35


def test_a_running_recorder_replays_by_itself_once_redis_is_there(
    spilling: Open, redis_server: RedisServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread that looks for what was left behind goes on until nothing is."""
    monkeypatch.setattr(spill_replayer, "RETRY_SECONDS", 0.02)
    first = spilling(redis_server.url)
    _record(first, 30)
    leave(first)
    redis_server.stop()
    second = spilling(redis_server.url)
    second._started = False
    second.ensure_started()
    assert second._spill is not None
    second._spill.start()
    assert [thread.name for thread in threading.enumerate()].count("tokenpulse-replay") == 1

    redis_server.start()
    wait_until(lambda: not second.stats()["spill"]["replaying"], "everything is replayed")

    with redis_server.client() as client:
        assert load_request_count(client) == 30
    second.close()
    assert list(tmp_path.iterdir()) == []


def test_two_recorders_share_what_was_left_behind(
    spilling: Open, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """Both start at once; each log is replayed by one of them."""
    for _ in range(12):
        first = spilling()
        _record(first, 10)
        leave(first)
    both = [spilling(), spilling()]
    barrier = threading.Barrier(2)

    def start(recorder: Recorder) -> None:
        barrier.wait()
        replay(recorder)

    threads = [threading.Thread(target=start, args=(recorder,)) for recorder in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert load_request_count(redis_client) == 120
    assert sum(_counts(recorder).get("spill_replayed", 0) for recorder in both) == 120
    assert list(tmp_path.iterdir()) == []


def test_logs_of_other_keyspaces_are_left_alone(
    spilling: Open, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """A directory may serve several: each recorder takes up its own kind; the app's name may differ."""
    foreign = spilling(key_prefix="staging:")
    own = spilling(app_name="gateway-7")
    for recorder in (foreign, own):
        _record(recorder, 10)
        recorder.count_http(HttpExchange("GET", "/a", 200, 0.1, 1, 1, None))
        leave(recorder)
    replay(spilling())

    assert load_request_count(redis_client) == 10
    assert load_http_requests(redis_client, "gateway-7") == {("GET", "/a", 200): 1}
    assert load_totals(redis_client, Keyspace("staging:")) == {}
    assert len(_segments(tmp_path)) == 1


def test_a_redis_that_lost_everything_gets_what_is_in_the_log(
    spilling: Open, redis_client: redis.Redis
) -> None:
    """What was in flight comes again, though what came before it is lost with the process's memory."""
    recorder = spilling()
    _record(recorder, 3)
    assert recorder.flush()
    _record(recorder, 4)
    recorder._pipeline.writer.push = _lost  # type: ignore[method-assign]
    assert not recorder.flush()
    leave(recorder)
    redis_client.flushdb()
    replay(spilling())

    assert load_request_count(redis_client) == 4


def _lost() -> Any:
    raise redis.ConnectionError("the request is lost")


def test_batches_older_than_redis_remembers_are_not_sent_again(
    spilling: Open, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """After two days nobody knows whether Redis has them: counted as unrecoverable, never twice."""
    clock = FakeClock()
    recorder = spilling(clock=clock)
    _record(recorder, 3, gateway="g")
    recorder._pipeline.writer.push = _lost  # type: ignore[method-assign]
    assert not recorder.flush()
    _record(recorder, 4)
    leave(recorder)
    clock.advance(1.1 * DAY_SECONDS)
    late = spilling(clock=clock)
    replay(late)

    assert load_request_count(redis_client) == 4
    assert _counts(late)["unrecoverable_observations"] == 3
    assert list(tmp_path.iterdir()) == []


def test_a_log_with_something_missing_is_set_aside(
    spilling: Open, redis_client: redis.Redis, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """It is kept for a human to look at, said once, never replayed."""
    recorder = spilling()
    _record(recorder, 3)
    leave(recorder)
    (path,) = tmp_path.glob("*.log")
    path.write_bytes(path.read_bytes()[:-1])
    late = spilling()
    replay(late)
    replay(late)

    assert load_request_count(redis_client) == 0
    assert _segments(tmp_path) == ["00000000.log-set-aside"]
    assert _counts(late) == {"spill_set_aside": 1}
    assert [record.getMessage() for record in caplog.records] == [
        "what a process left behind is set aside: a segment is not whole"
    ]


def test_a_torn_end_is_counted(spilling: Open, redis_client: redis.Redis, tmp_path: Path) -> None:
    """The rest is replayed."""
    recorder = spilling()
    _record(recorder, 3)
    leave(recorder)
    (path,) = tmp_path.glob("*.log")
    data = bytearray(path.read_bytes())
    end = len(data.rstrip(b"\0"))
    data[end - 5 : end] = bytes(5)
    path.write_bytes(data)
    late = spilling()
    replay(late)

    assert load_request_count(redis_client) == 2
    assert _counts(late)["spill_torn"] == 1


def test_another_versions_log_stays(spilling: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked once, then left to who can read it."""
    recorder = spilling()
    with monkeypatch.context() as patch:
        patch.setattr("tokenpulse.spill.spill_records.FORMAT", 2)
        _record(recorder, 3)
    leave(recorder)
    late = spilling()
    replay(late)
    replay(late)

    assert _segments(tmp_path) == ["00000000.log"]
    assert _counts(late) == {}


def test_a_log_that_breaks_the_replay_is_left_alone(
    spilling: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A fault of ours is counted, and tried once: the recorder goes on, the next start may do better."""

    def fail(*arguments: object) -> Any:
        raise LookupError("a fault")

    recorder = spilling()
    _record(recorder, 3)
    leave(recorder)
    late = spilling()
    with monkeypatch.context() as patch:
        patch.setattr(spill_replay, "read_history", fail)
        replay(late)
        replay(late)

    assert _segments(tmp_path) == ["00000000.log"]
    assert _counts(late) == {"error:spill_replay": 1}
    caplog.clear()


def test_a_replay_that_is_told_to_end_leaves_the_rest(
    spilling: Open, redis_client: redis.Redis, tmp_path: Path
) -> None:
    """Nothing is sent of a log that could not be read to its end."""
    recorder = spilling()
    _record(recorder, 300)
    leave(recorder)
    late = spilling()
    assert late._spill is not None
    late._spill._replayer.stop()
    replay(late)

    assert load_request_count(redis_client) == 0
    replay(spilling())
    assert load_request_count(redis_client) == 300


def test_a_replay_without_room_for_notes_waits(
    spilling: Open, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What cannot be noted is not sent: it would come twice with the next replay."""
    recorder = spilling()
    _record(recorder, 3)
    leave(recorder)
    late = spilling()
    assert late._spill is not None
    late._spill._replayer.stop()  # one round
    monkeypatch.setattr(spill_replay, "PAUSE_SECONDS", 0)

    def refuse(*arguments: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(os, "posix_fallocate", refuse)
        patch.setattr(threading.Event, "wait", lambda event, timeout: timeout == spill_replayer.RETRY_SECONDS)
        replay(late)

    assert load_request_count(redis_client) == 0
    assert _segments(tmp_path) == ["00000000.log"]


def test_a_replay_that_redis_refuses_in_part_is_tried_again(
    spilling: Open, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Flushes that never come to an end leave the log, for another attempt."""
    recorder = spilling()
    _record(recorder, 3)
    leave(recorder)
    late = spilling()
    with monkeypatch.context() as patch:
        patch.setattr("tokenpulse.flushing.pipeline.Pipeline.flush", lambda pipeline: False)
        patch.setattr(threading.Event, "wait", lambda event, timeout: timeout == spill_replayer.RETRY_SECONDS)
        replay(late)

    assert _segments(tmp_path) == ["00000000.log"]
    replay(late)
    assert load_request_count(redis_client) == 3


def test_a_directory_that_is_gone_is_said(
    spilling: Open, tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Recording goes on without it."""
    directory = tmp_path / "gone"
    recorder = spilling(spill_path=directory)
    directory.rmdir()

    def refuse(directory: Path, target: str) -> Any:
        raise OSError("gone")

    monkeypatch.setattr(SpillFiles, "left_behind", refuse)
    replay(recorder)
    _record(recorder, 3)

    assert recorder.flush()
    assert _counts(recorder)["spill_overflow"] == 3
    assert [record.getMessage() for record in caplog.records] == [
        "the spill directory cannot be read: OSError",
        "spilling stops until Redis has what was spilled: No such file or directory",
    ]


@pytest.mark.parametrize(
    "fault", [OSError(30, "Read-only file system"), ImportError("No module named 'fcntl'")]
)
def test_a_directory_that_cannot_be_used_stops_the_start(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    """The error names the setting, its value, what was expected and why it is not so."""

    def refuse(directory: Path, target: str) -> None:
        raise fault

    monkeypatch.setattr(spill, "prepare_directory", refuse)

    with pytest.raises(SettingsError, match=r"spill_path.*can be made and locked \((Read-only|No module)"):
        Recorder(redis_url, spill_path=tmp_path)


def test_a_machine_without_a_name_for_its_start_is_trusted(
    spilling: Open, redis_client: redis.Redis, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where nothing tells one start of the machine from the next, logs are replayed."""
    monkeypatch.setattr(spill, "_BOOT", tmp_path / "missing")
    recorder = spilling()
    _record(recorder, 3)
    leave(recorder)
    replay(spilling())

    assert load_request_count(redis_client) == 3


def test_threads_that_cannot_start_leave_the_log_for_later(
    spilling: Open, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is counted; nothing is lost."""
    recorder = spilling()
    _record(recorder, 3)
    leave(recorder)
    late = spilling()
    late._started = False

    def refuse(thread: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patch:
        patch.setattr(threading.Thread, "start", refuse)
        late.ensure_started()
    late.close()

    assert _counts(late) == {"error:flush_thread": 1, "error:replay_thread": 1}
    assert _segments(tmp_path) == ["00000000.log"]


def test_a_replay_has_a_connection_of_its_own(
    spilling: Open, redis_client: redis.Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A failure in one thread must not cut the other's."""
    names: list[str] = []
    connect = recorder_parts.connect

    def watched(url: str, *, name: str) -> redis.Redis:
        names.append(name)
        return connect(url, name=name)

    monkeypatch.setattr(recorder_parts, "connect", watched)
    replay(spilling())

    assert names == ["tokenpulse-writer", "tokenpulse-replay"]


def test_a_forked_child_leaves_its_parents_files(spilling: Open, tmp_path: Path) -> None:
    """It gives back the descriptors it inherited, the log's and that of a log being replayed; the lock stays."""
    recorder = spilling()
    _record(recorder, 3)
    assert recorder._spill is not None
    held = SpillFiles.claim(tmp_path, "fedcba9876543210")
    recorder._spill._replayer._files = held
    recorder.begin_again()

    assert not held._descriptor.alive
    assert recorder.stats()["spill"]["bytes"] == 0
    assert spill_files.used_bytes(tmp_path) == 262_144
