"""Tests of `tokenpulse replay` as a process of its own."""

import os
import subprocess
import sys

from tests.support.kept_answers import ANTHROPIC, OPENAI

COMMAND = (sys.executable, "-m", "tokenpulse_reader.cli", "replay")


def run(*arguments: str, stdin: bytes, **environment: str) -> subprocess.CompletedProcess[bytes]:
    """Run the command with a file piped in; prices come from no installed package."""
    given = {**os.environ, "TOKENPULSE_GENAI_PRICES": "false", **environment}
    given.pop("COLUMNS", None)
    return subprocess.run(
        [*COMMAND, "-", *arguments], input=stdin, env=given, capture_output=True, check=False
    )


def test_a_pipe_is_100_columns_wide() -> None:
    """Into a pipe the report comes whole, its lines at most 100 long, nothing on stderr."""
    ended = run(stdin=ANTHROPIC)
    lines = ended.stdout.decode().split("\n")

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert "3     326  content_block_delta  reasoning" in ended.stdout.decode()
    assert max(map(len, lines)) <= 100


def test_any_terminal_can_show_it() -> None:
    """Characters that the output cannot encode are escaped, not an error."""
    ended = run("--text", "--model", "modèle", stdin=OPENAI, PYTHONIOENCODING="ascii")

    assert (ended.returncode, ended.stderr) == (0, b"")
    assert b"mod\\xe8le" in ended.stdout
    assert b'"\\xe9"' in ended.stdout


def test_a_reader_that_leaves_is_no_traceback() -> None:
    """`| head` ends the command quietly."""
    process = subprocess.Popen(
        [*COMMAND, "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdin is not None
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stdin.write(OPENAI)
    process.stdin.close()
    complaint = process.stderr.read()
    process.stderr.close()

    assert process.wait() == 1
    assert complaint == b""
