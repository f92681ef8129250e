"""The tests are the same ones, in the same order, in every process that collects them."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ELSEWHERE = {"PYTHONHASHSEED": "20", "TZ": "Pacific/Kiritimati", "LC_ALL": "C", "COLUMNS": "40"}


def _collected_elsewhere(config: pytest.Config, directory: Path) -> list[str]:
    """Return the ids that a process collects later, in other surroundings."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    options = ("--collect-only", "-q", "-p", "no:cacheprovider")
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *options, *config.args],
        cwd=config.invocation_params.dir,
        env={**inherited, **_ELSEWHERE, "HOME": str(directory), "TMPDIR": str(directory)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return [line for line in ended.stdout.splitlines() if "::" in line]


def test_another_process_collects_the_same_tests(request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Neither hash seed nor time, time zone, locale, home nor temporary directory is in a test's id."""
    mine = [item.nodeid for item in request.session.items]
    chosen = set(mine)  # `-k` may have left others out

    collected = _collected_elsewhere(request.config, tmp_path)

    assert [name for name in collected if name in chosen] == mine


@pytest.mark.parametrize("value", [b"\xff", b"\x1f\x8b\x08", b"x" * 81])
def test_bytes_that_are_no_short_text_are_named_by_their_parameter(
    request: pytest.FixtureRequest, value: bytes
) -> None:
    """What a compressor made, with the time in it, is in no id."""
    assert request.node.callspec.id.rstrip("012") == "value", value


@pytest.mark.parametrize("value", [b"data: x", b"x" * 80])
def test_bytes_that_are_short_text_are_their_own_name(request: pytest.FixtureRequest, value: bytes) -> None:
    """A test of a line is found by that line."""
    assert request.node.callspec.id == value.decode()
