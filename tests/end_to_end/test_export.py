"""Exports, over HTTP and on the command line, compared with the ledger of the calls."""

import csv
import io
import json
import os
import stat
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import httpx
import pytest
from click.testing import CliRunner, Result

from tests.support.calls import MODELS, PROVIDERS, Call
from tests.support.clock import FakeClock
from tests.support.past_traffic import (
    DAY,
    NOW,
    assert_near,
    assert_rank,
    by_window,
    cost_usd,
    failed,
    mean_ms,
    of_model,
    priced,
    tokens,
    write_past,
)
from tests.support.reader_client import reader_client
from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_reader.cli import main
from tokenpulse_reader.export import export as export_module
from tokenpulse_reader.export.export_rows import COLUMNS
from tokenpulse_reader.reports.units import iso

PATH = "/api/monitoring/export"
SECONDS = {"minute": 60, "hour": 3600, "day": 86400}
BEGIN = {"minute": NOW - 7200 + 60, "hour": NOW - 8 * DAY + 3600, "day": NOW - 89 * DAY}
TOLERANCE = {"minute": 0.011, "hour": 0.022}


@pytest.fixture(scope="module")
def past(module_redis_server: RedisServer) -> tuple[str, list[Call]]:
    """Give the URL of a Redis with ninety days of calls, and the calls."""
    return module_redis_server.url, write_past(module_redis_server.url)


@pytest.fixture
async def reader(past: tuple[str, list[Call]]) -> AsyncIterator[httpx.AsyncClient]:
    async with reader_client(past[0], clock=FakeClock(NOW)) as client:
        yield client


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline="")))


def as_csv(value: object) -> str:
    return "" if value is None else str(value)


def assert_is_the_ledger(row: dict[str, Any], mine: list[Call], granularity: str) -> None:
    assert row["total_requests"] == len(mine)
    assert row["successful_requests"] == len(mine) - failed(mine)
    assert row["failed_requests"] == failed(mine)
    for kind in ("timeout", "rate_limit", "network", "other"):
        assert row[f"errors_{kind}"] == sum(call.error_type == kind for call in mine)
    told = [call for call in mine if call.tokens_input is not None]
    assert (row["tokens_input"], row["tokens_output"]) == (tokens(mine) if told else (None, None))
    assert row["requests_without_usage"] == len(mine) - len(told)
    assert row["total_cost_usd"] == cost_usd(mine)
    assert row["unpriced_requests"] == len(mine) - priced(mine)
    latencies = [call.latency_ms for call in mine]
    ttfts = [call.ttft_ms for call in mine if call.ttft_ms is not None]
    for name, values in (("latency", latencies), ("ttft", ttfts)):
        if not values:
            assert row[f"avg_{name}_ms"] is None
            continue
        assert_near(row[f"avg_{name}_ms"], mean_ms(values))
        for percentile in (50, 95, 99):
            answer = row[f"p{percentile}_{name}_ms"]
            if granularity == "day":
                assert answer is None
            else:
                assert_rank(answer, values, percentile, TOLERANCE[granularity])


@pytest.mark.parametrize("granularity", ["minute", "hour", "day"])
async def test_every_row_is_the_ledger(
    reader: httpx.AsyncClient, past: tuple[str, list[Call]], granularity: str
) -> None:
    """Every model in every window, open or packed; CSV says the same as JSON, in the same order."""
    query = f"granularity={granularity}&from={BEGIN[granularity]:.0f}"
    body = (await reader.get(f"{PATH}?format=json&{query}")).json()
    cells = table((await reader.get(f"{PATH}?format=csv&{query}")).text)

    seconds = SECONDS[granularity]
    begin = BEGIN[granularity] // seconds * seconds
    expected = [
        (iso(start), provider, model, mine)
        for provider in sorted(PROVIDERS)
        for model in sorted(MODELS)
        for start, mine in by_window(of_model(past[1], provider, model), seconds).items()
        if start >= begin
    ]
    rows = body["rows"]
    assert [(row["window_start"], row["provider"], row["model"]) for row in rows] == [
        one[:3] for one in expected
    ]
    for row, (start, _, _, mine) in zip(rows, expected, strict=True):
        assert list(row) == list(COLUMNS)
        assert_is_the_ledger(row, mine, granularity)
        is_current = start == iso(NOW // seconds * seconds)
        assert row["coverage"] == (round(NOW % seconds / seconds, 6) if is_current else 1.0)
    assert cells == [{name: as_csv(value) for name, value in row.items()} for row in rows]
    assert (body["granularity"], body["from"], body["to"]) == (granularity, iso(begin), iso(NOW))
    assert body["total_rows"] == len(expected)
    first = min(start for start, *_ in expected)
    assert body["coverage"] == pytest.approx(
        (NOW - datetime.fromisoformat(first).timestamp()) / (NOW - begin)
    )


async def test_the_answer_is_a_file(reader: httpx.AsyncClient) -> None:
    """A name, no guessing of its type, its range in headers; HEAD tells the same without a body."""
    for method in ("GET", "HEAD"):
        response = await reader.request(method, f"{PATH}?from=2024-05-15T01:00&to=2024-05-15T02:00")

        assert response.status_code == 200
        assert response.headers["content-type"] == "text/csv; charset=utf-8; header=present"
        assert response.headers["content-disposition"] == (
            'attachment; filename="tokenpulse-hour-20240515T010000Z-20240515T020000Z.csv"'
        )
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["cache-control"] == "no-store"
        assert response.headers["x-tokenpulse-from"] == "2024-05-15T01:00:00.000+00:00"
        assert response.headers["x-tokenpulse-to"] == "2024-05-15T02:00:00.000+00:00"
        assert bool(response.content) == (method == "GET")
        assert "content-length" not in response.headers


@pytest.mark.parametrize(
    ("query", "parameter"),
    [
        ("format=xml", "format"),
        ("granularity=week", "granularity"),
        ("from=yesterday", "from"),
        ("to=", "to"),
        ("from=2024-05-15&to=2024-05-14", "from"),
        ("granularity=minute&from=2024-05-14&to=2024-05-15", "to"),
        ("from=2024-05-15&from=2024-05-14", "from"),
    ],
)
async def test_what_cannot_be_used_is_a_400(reader: httpx.AsyncClient, query: str, parameter: str) -> None:
    """With the parameter's name and what it may be."""
    response = await reader.get(f"{PATH}?{query}")

    assert response.status_code == 400
    assert response.json()["error"]["parameter"] == parameter
    assert response.json()["error"]["allowed"]


async def test_names_are_cells_not_formulas(redis_url: str, open_recorder: Callable[..., Recorder]) -> None:
    """A model that a spreadsheet would run is text; JSON has it as it is."""
    clock = FakeClock(NOW)
    recorder = open_recorder(redis_url=redis_url, clock=clock)
    hostile = ['=cmd|"/c calc"!A1', "+1,2", "-1", "@SUM(A1)"]
    for model in hostile:
        recorder.record(provider="=p", model=model, latency_ms=1.0)
    recorder.close()
    async with reader_client(redis_url, clock=clock) as client:
        cells = table((await client.get(PATH)).text)
        body = (await client.get(f"{PATH}?format=json")).json()

    assert {(row["provider"], row["model"]) for row in cells} == {("'=p", f"'{model}") for model in hostile}
    assert {(row["provider"], row["model"]) for row in body["rows"]} == {("=p", model) for model in hostile}


async def test_an_export_of_nothing_is_a_header(redis_url: str) -> None:
    """No data: no rows, and coverage says that nothing is known."""
    async with reader_client(redis_url, clock=FakeClock(NOW)) as client:
        assert (await client.get(PATH)).text == ",".join(COLUMNS) + "\r\n"
        body = (await client.get(f"{PATH}?format=json")).json()

    assert (body["rows"], body["total_rows"], body["coverage"]) == ([], 0, 0.0)


async def test_it_comes_in_pieces(reader: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """A page of models is loaded after the page before was sent: no more is in memory."""
    whole = (await reader.get(f"{PATH}?format=json")).json()["rows"]
    monkeypatch.setattr(export_module, "ROWS_A_PAGE", 1)
    loaded: list[int] = []
    real = export_module._write

    def noted(*arguments: Any) -> bytes:
        loaded.append(len(arguments[1]))
        return real(*arguments)

    monkeypatch.setattr(export_module, "_write", noted)

    assert (await reader.get(f"{PATH}?format=json")).json()["rows"] == whole
    assert loaded == [1] * 9


async def test_without_redis_it_is_a_503(redis_server: RedisServer) -> None:
    """Nothing is known, and a file without rows would say that nothing happened."""
    async with reader_client(redis_server.url, clock=FakeClock(NOW)) as client:
        redis_server.kill()
        response = await client.get(PATH)

    assert response.status_code == 503
    assert response.json()["error"]["code"] == "store_unavailable"


def run_export(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, ["export", "--redis-url", url, *arguments], prog_name="tokenpulse")


@pytest.fixture
def recent(redis_url: str, open_recorder: Callable[..., Recorder]) -> str:
    """Give the URL of a Redis with three calls of two models, just now."""
    recorder = open_recorder(redis_url=redis_url)
    recorder.record(provider="p", model="a", latency_ms=20.0, cost=0.25, tokens_input=3, tokens_output=4)
    recorder.record(provider="p", model="a", latency_ms=20.0, success=False)
    recorder.record(provider="p", model="b", latency_ms=20.0)
    recorder.close()
    return redis_url


def test_the_command_writes_to_stdout(recent: str) -> None:
    """The rows on stdout, what was done on stderr; quietly on request."""
    result = run_export(recent, "--granularity", "day")

    rows = table(result.stdout)
    assert result.exit_code == 0
    assert [(row["provider"], row["model"], row["total_requests"]) for row in rows] == [
        ("p", "a", "2"),
        ("p", "b", "1"),
    ]
    assert (rows[0]["total_cost_usd"], rows[1]["total_cost_usd"]) == ("0.25", "")
    assert result.stderr.startswith("2 rows of 2 models, ")
    assert result.stderr.endswith(" kB\n")
    assert run_export(recent, "--quiet").stderr == ""


def test_a_file_appears_when_it_is_whole(recent: str, tmp_path: Path) -> None:
    """What was there is replaced, nothing is left beside it."""
    path = tmp_path / "out.json"
    path.write_text("old")
    result = run_export(recent, "--format", "json", "-o", str(path), "--from", "1970-01-01")

    assert result.exit_code == 0
    assert result.stdout == ""
    assert "(what is older is not kept any more)" in result.stderr
    assert json.loads(path.read_bytes())["total_rows"] == 2
    assert list(tmp_path.iterdir()) == [path]


def test_a_failed_export_leaves_what_was_there(tmp_path: Path) -> None:
    """One line that says why; the old file is as it was."""
    path = tmp_path / "out.csv"
    path.write_text("old")
    result = run_export("redis://127.0.0.1:1/0", "-o", str(path))

    assert result.exit_code == 1
    assert result.stderr == (
        "Error: nothing is exported from redis://127.0.0.1:1/0: Redis gave no answer: connection refused\n"
    )
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_wrong_input_is_one_line(recent: str, tmp_path: Path) -> None:
    """A range that cannot be used, a place that cannot be written, a Redis of another process."""
    absent = tmp_path / "no" / "out.csv"
    cases = {
        ("--from", "yesterday"): (
            2,
            "Error: --from: `from` is no time; allowed is ISO 8601 (without an offset UTC is meant), or epoch seconds\n",
        ),
        ("-o", str(absent)): (1, f"Error: cannot write {absent}: No such file or directory\n"),
        ("-o", str(tmp_path)): (1, f"Error: cannot write {tmp_path}: Is a directory\n"),
        ("--redis-url", "memory://"): (
            2,
            "Error: memory:// is inside another process: name a Redis with --redis-url\n",
        ),
    }
    for arguments, (code, message) in cases.items():
        result = run_export(recent, *arguments)

        assert (result.exit_code, result.stderr) == (code, message)


def test_a_device_is_written_to_as_it_is(recent: str) -> None:
    """Nothing is moved to the place of `/dev/null`."""
    result = run_export(recent, "-o", os.devnull)

    assert result.exit_code == 0
    assert stat.S_ISCHR(Path(os.devnull).stat().st_mode)


def test_a_reader_that_leaves_ends_it_quietly(recent: str) -> None:
    """`tokenpulse export | head`: no traceback."""
    command = [sys.executable, "-m", "tokenpulse_reader.cli", "export", "--redis-url", recent]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    errors = process.stderr.read().decode()
    process.stderr.close()

    assert process.wait(timeout=30) == 1
    assert "Traceback" not in errors
    assert "Error" not in errors
