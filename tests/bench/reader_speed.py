"""Compare the reader's hot endpoints with a bare Starlette route that returns the same bytes, under wrk.

Method: the reader of the command line serves 30 providers with 10 models each from a real redis-server, refreshed
every 2 s as always; beside it a bare Starlette app in a process of its own serves the bytes that the reader gave,
by the same server. Per round each endpoint is asked of both in turn, 16 connections for a second or two; the rate
is what wrk counts. By CPU: the same requests, divided by the CPU time that the server's process took for them, its
refreshes included; a loaded machine changes that little. Latency at about 500 requests a second: 50 connections,
each asking 50 to 150 ms after its last answer, for gzip as Prometheus does; p99 is the median of runs over two or
three refreshes each. The bare route sends `/metrics` uncompressed then too.
"""

import contextlib
import json
import os
import re
import shutil
import statistics
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

import httpx

from tests.bench.errors import BenchDependencyError
from tests.bench.rounds import spread
from tests.bench.table import Figure
from tests.support.processes import RunningProcess
from tokenpulse import Recorder

PATHS: Final = ("/api/monitoring/health", "/api/monitoring/stats/realtime", "/metrics")
PROVIDERS: Final = 30
MODELS: Final = 10
CONNECTIONS: Final = 16
LEAST_SHARE: Final = 0.8
MOST_P99_MS: Final = 10.0
PACED_SECONDS: Final = 5
"""Two or three refreshes."""
_PACED: Final = "function delay() return math.random(50, 150) end"
_GZIP: Final = ("-H", "Accept-Encoding: gzip")
_UNITS_MS: Final = {"us": 0.001, "ms": 1.0, "s": 1000.0}


class _Server(NamedTuple):
    url: str
    process_id: int

    def cpu_seconds(self) -> float:
        """Return what the process has used so far."""
        fields = Path(f"/proc/{self.process_id}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measure_reader_speed(url: str, *, is_quick: bool) -> list[Figure]:
    """Return the figures.

    Raises:
        BenchDependencyError: wrk is not installed.
    """
    wrk = shutil.which("wrk")
    if wrk is None:
        raise BenchDependencyError(
            "reader_speed needs wrk, which was not found (Debian: apt-get install wrk)"
        )
    rounds, seconds = (3, 1) if is_quick else (9, 2)
    _fill(url)
    arguments = ("tokenpulse_reader.cli", "reader", "--redis-url", url, "--port", "0")
    with tempfile.TemporaryDirectory() as name, _running(*arguments) as ours:
        _keep_answers(ours.url, Path(name))
        paced = Path(name) / "paced.lua"
        paced.write_text(_PACED, encoding="utf-8")
        with _running("tests.bench.bare_app", name) as bare:
            figures = [figure for path in PATHS for figure in _rate(wrk, path, ours, bare, rounds, seconds)]
            for path in PATHS:
                figures += _latency(wrk, path, ours, bare, paced, 1 if is_quick else 5)
    return figures


def _fill(url: str) -> None:
    recorder = Recorder(url, flush_interval=60.0, genai_prices=False)
    for provider in range(PROVIDERS):
        for model in range(MODELS):
            for latency_ms in (200.0, 900.0):
                recorder.record(
                    provider=f"provider-{provider}", model=f"model-{model}", latency_ms=latency_ms,
                    ttft_ms=latency_ms / 4, tokens_input=100, tokens_output=50, cost=0.001,
                )  # fmt: skip
    if not recorder.flush():
        raise RuntimeError("nothing reached Redis: the answers would be empty")
    recorder.close()


@contextlib.contextmanager
def _running(*arguments: str) -> Iterator[_Server]:
    with RunningProcess(*arguments) as process:
        yield _Server(process.wait_for_line("http://").split()[-1], process.process_id)


def _keep_answers(base_url: str, directory: Path) -> None:
    """Write the reader's answers for `bare_app`."""
    routes: dict[str, tuple[str, str]] = {}
    with httpx.Client(base_url=base_url, trust_env=False, headers={"accept-encoding": "identity"}) as client:
        for at, path in enumerate(PATHS):
            answer = client.get(path)
            answer.raise_for_status()
            (directory / str(at)).write_bytes(answer.content)
            routes[path] = answer.headers["content-type"], str(at)
    (directory / "routes.json").write_text(json.dumps(routes), encoding="utf-8")


def _run(wrk: str, url: str, seconds: int, connections: int, *more: str) -> str:
    command = [wrk, "-t1", f"-c{connections}", f"-d{seconds}s", "--latency", *more, url]
    said = subprocess.run(command, check=True, capture_output=True, text=True, timeout=seconds + 30).stdout
    if "Non-2xx" in said or "Socket errors" in said:
        raise RuntimeError(f"wrk was refused at {url}:\n{said}")
    return said


def _found(pattern: str, text: str) -> str:
    match = re.search(pattern, text)
    if match is None:
        raise RuntimeError(f"wrk did not tell {pattern}:\n{text}")
    return match[1]


def _rate(wrk: str, path: str, ours: _Server, bare: _Server, rounds: int, seconds: int) -> list[Figure]:
    rates: dict[_Server, list[float]] = {ours: [], bare: []}
    by_cpu: dict[_Server, list[float]] = {ours: [], bare: []}
    for at in range(rounds + 1):
        for server in (ours, bare) if at % 2 else (bare, ours):
            before = server.cpu_seconds()
            said = _run(wrk, server.url + path, seconds, CONNECTIONS)
            used = server.cpu_seconds() - before
            rates[server].append(float(_found(r"Requests/sec: +([\d.]+)", said)))
            by_cpu[server].append(float(_found(r"(\d+) requests in", said)) / max(used, 0.01))
    return [
        Figure(f"{path}: bare route", f"{statistics.median(rates[bare][1:]):,.0f}/s"),
        Figure(f"{path}: reader", f"{statistics.median(rates[ours][1:]):,.0f}/s"),
        _share(f"{path}: share of the bare route", rates[ours][1:], rates[bare][1:], LEAST_SHARE),
        _share(f"{path}: the same by CPU", by_cpu[ours][1:], by_cpu[bare][1:], None),
    ]


def _share(what: str, ours: list[float], bare: list[float], least: float | None) -> Figure:
    share = spread([mine / other for mine, other in zip(ours, bare, strict=True)])
    value, noise = f"{share.median:.2f}", f"± {share.iqr:.2f}"
    if least is None:
        return Figure(what, value, noise)
    return Figure(what, value, noise, f">= {least}", share.median >= least)


def _latency(wrk: str, path: str, ours: _Server, bare: _Server, paced: Path, rounds: int) -> list[Figure]:
    """Return p99 of runs over several refreshes; the bare route's tells what the machine adds."""
    taken: dict[_Server, list[tuple[float, float]]] = {bare: [], ours: []}
    for _ in range(rounds):
        for server, found in taken.items():
            found.append(_paced(wrk, server.url + path, paced))
    rates, p99s_ms = zip(*taken[ours], strict=True)
    bare_ms = statistics.median(p99_ms for _, p99_ms in taken[bare])
    p99_ms = statistics.median(p99s_ms)
    at = f"p99 at {statistics.median(rates):,.0f} requests/s"
    is_met = p99_ms < MOST_P99_MS
    return [
        Figure(f"{path}: bare route, {at}", f"{bare_ms:.1f} ms"),
        Figure(f"{path}: reader, {at}", f"{p99_ms:.1f} ms", "", f"< {MOST_P99_MS:g} ms", is_met),
    ]


def _paced(wrk: str, url: str, paced: Path) -> tuple[float, float]:
    """Return requests a second and their p99 in milliseconds."""
    said = _run(wrk, url, PACED_SECONDS, 50, "-s", str(paced), *_GZIP)
    value, unit = _found(r" 99% +([\d.]+)", said), _found(r" 99% +[\d.]+(us|ms|s)", said)
    return float(_found(r"Requests/sec: +([\d.]+)", said)), float(value) * _UNITS_MS[unit]
