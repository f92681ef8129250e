"""`tokenpulse replay` as a user types it."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import orjson
import pytest
from click.testing import CliRunner

from tests.support.kept_answers import OLLAMA, OPENAI, RECORDED
from tokenpulse_reader.cli import main
from tokenpulse_reader.cli.replay import command

ENVIRONMENT = {"TOKENPULSE_GENAI_PRICES": "false", "COLUMNS": "100"}


def run(*arguments: str, stdin: bytes | None = None, **environment: str) -> tuple[int, str]:
    """Return (exit code, both outputs)."""
    result = CliRunner().invoke(
        main, ["replay", *arguments], input=stdin, env={**ENVIRONMENT, **environment}, prog_name="tokenpulse"
    )
    return result.exit_code, result.output


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Give the name of a kept stream's file in the working directory."""
    monkeypatch.chdir(tmp_path)
    Path("answer.sse").write_bytes(OPENAI)
    return "answer.sse"


def test_help_explains_every_flag() -> None:
    """The help names each flag together with a sentence on it."""
    code, output = run("--help")

    assert code == 0
    for option in command.replay.params:
        if option.param_type_name == "option":
            assert option.opts[0] in output
            assert option.help


def test_file_and_stdin_are_alike(file: str) -> None:
    """`-` is stdin; the report is the same but for the name."""
    code, output = run(file)
    piped_code, piped = run("-", stdin=OPENAI)

    assert (code, piped_code) == (0, 0)
    assert output.split("\n")[0] == f"file      {file}: body of a response, 857 bytes of body"
    assert piped == output.replace(file, "<stdin>")
    assert output.endswith("  faults          none\n")


def test_json_is_one_object(file: str) -> None:
    """`--json` prints what a program can read."""
    code, output = run(
        file, "--json", "--provider", "groq", "--model", "mine", "--path", "/v1/chat/completions"
    )
    told = orjson.loads(output)

    assert (code, told["first_content_event"]) == (0, 1)
    assert (told["observation"]["provider"], told["observation"]["model"]) == ("groq", "mine")


def test_flags_reach_the_report(tmp_path: Path, file: str) -> None:
    """Cutting, fullness, text, the line of a file, settings by flag."""
    lines = tmp_path / "many.jsonl"
    other: dict[str, Any] = {"request": {"path": "/ask"}, "response": {"body_text": OLLAMA.decode()}}
    lines.write_bytes(orjson.dumps(RECORDED) + b"\n" + orjson.dumps(other))

    assert "in 9 pieces of at most 100 bytes" in run(file, "--chunks", "100")[1]
    assert "event by event" in run(file, "--chunks", "events")[1]
    assert (
        '    "Good"'
        in run(str(lines), "--line", "2", "--endpoints", "/ask=ollama-chat", "--text", "--full")[1]
    )
    assert "dialect   ollama-chat" in run(str(lines), "--line", "2", "--dialect", "ollama-chat")[1]


def test_width_is_that_of_the_terminal(file: str) -> None:
    """No line is longer than the terminal is wide."""
    for columns in (80, 100, 160):
        output = run(file, "--path", "/v1/chat/completions", COLUMNS=str(columns))[1]

        assert max(len(line) for line in output.split("\n")) <= columns


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("no-such-file",), "Invalid value for 'FILE': 'no-such-file': No such file or directory"),
        (("-", "--chunks", "all"), "Invalid value for '--chunks': 'all': expected events, recorded or a number of bytes"),
        (("-", "--chunks", "0"), "Invalid value for '--chunks': '0': expected events, recorded or a number of bytes"),
        (("-", "--price-file", "no-such-file"), "Error: price_file="),
        (("-",), "Error: the file is empty"),
        (("-", "--dialect", "klingon"), "Error: --dialect klingon: expected one of openai-chat, "),
    ],
)  # fmt: skip
def test_mistakes_are_one_line(arguments: tuple[str, ...], message: str) -> None:
    """What the user can put right ends with exit code 2 and says what it is."""
    code, output = run(*arguments, stdin=OPENAI if "--price-file" in arguments else b"")

    assert code == 2
    assert message in output.replace("\n", " ")


def test_redis_is_not_needed(file: str) -> None:
    """An address of Redis that cannot be used does not matter."""
    assert run(file, REDIS_URL="nonsense://", TOKENPULSE_REDIS_URL="nonsense://")[0] == 0


def test_too_large_files_are_refused(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file beyond the bound is not read to its end."""
    monkeypatch.setattr(command, "MAX_FILE_BYTES", 100)

    assert run(file) == (2, f"Error: {file} has more than 100 bytes\n")


def test_other_commands_do_not_pay_for_it() -> None:
    """What explains an exchange is imported when a file is replayed, not with the command line."""
    program = "import sys, tokenpulse_reader.cli; sys.exit('tokenpulse.explain' in sys.modules)"
    ended = subprocess.run([sys.executable, "-c", program], check=False)

    assert ended.returncode == 0
