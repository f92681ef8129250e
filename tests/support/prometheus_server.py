"""Run a real Prometheus that scrapes one target often, and ask it questions.

It keeps its data in a temporary directory and listens on a free port of the loopback.
"""

import contextlib
import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any, Final, Self
from urllib.parse import urlsplit

import httpx
import pytest

from tests.support.ports import free_port

SCRAPE_INTERVAL: Final = "200ms"
DEADLINE_SECONDS: Final = 90.0
_POLL_SECONDS: Final = 0.05
_BINARIES: Final = ("prometheus", "promtool")
_REQUIRED: Final = bool(os.environ.get("TOKENPULSE_TEST_REQUIRE_PROMETHEUS"))
"""Read at import: a test's own environment is cleaned."""


def need_prometheus() -> None:
    """Skip the test where Prometheus is not installed; fail it where TOKENPULSE_TEST_REQUIRE_PROMETHEUS is set."""
    missing = [name for name in _BINARIES if shutil.which(name) is None]
    if not missing:
        return
    reason = (
        f"{' and '.join(missing)} not on PATH: install Prometheus (apt-get install prometheus, "
        "brew install prometheus) to have its own parser judge the exposition"
    )
    if _REQUIRED:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


class PrometheusServer:
    """Own one Prometheus process that scrapes `target` (a base URL) at `/metrics`."""

    def __init__(self, target: str) -> None:
        self._directory = Path(tempfile.mkdtemp(prefix="tokenpulse-prometheus-"))
        self._target = urlsplit(target).netloc
        self._url = f"http://127.0.0.1:{free_port()}"
        self._process: subprocess.Popen[bytes] | None = None
        self._client = httpx.Client(base_url=self._url, timeout=5)

    def __enter__(self) -> Self:
        configuration = self._directory / "prometheus.yml"
        configuration.write_text(
            f"global: {{scrape_interval: {SCRAPE_INTERVAL}, scrape_timeout: {SCRAPE_INTERVAL}}}\n"
            f"scrape_configs: [{{job_name: tokenpulse, static_configs: [{{targets: ['{self._target}']}}]}}]\n"
        )
        with (self._directory / "log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={configuration}",
                    f"--storage.tsdb.path={self._directory / 'data'}",
                    f"--web.listen-address={urlsplit(self._url).netloc}",
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def __exit__(self, *exception: object) -> None:
        self._client.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait(timeout=DEADLINE_SECONDS)
        shutil.rmtree(self._directory, ignore_errors=True)

    def query(self, expression: str) -> list[tuple[dict[str, str], float]]:
        """Return (labels without the scrape's own, value) of each series; none while it starts."""
        with contextlib.suppress(httpx.TransportError):
            response = self._client.get("/api/v1/query", params={"query": expression})
            if response.status_code == 503:  # it starts
                return []
            answer: dict[str, Any] = response.json()
            assert answer.get("status") == "success", answer
            return [
                (
                    {name: value for name, value in row["metric"].items() if name not in ("instance", "job")},
                    float(row["value"][1]),
                )
                for row in answer["data"]["result"]
            ]
        return []

    def wait_for(self, expression: str, expected: list[tuple[dict[str, str], float]]) -> None:
        """Return once the query gives exactly this; raise AssertionError with what it gave at the deadline."""
        deadline = time.monotonic() + DEADLINE_SECONDS
        while (got := self.query(expression)) != expected:
            if time.monotonic() > deadline:
                log = (self._directory / "log").read_text(errors="replace")
                raise AssertionError(
                    f"{expression}: {got}, not {expected}; last scrape: {self._last_error()}\n{log}"
                )
            time.sleep(_POLL_SECONDS)

    def _last_error(self) -> str:
        targets = self._client.get("/api/v1/targets").json()["data"]["activeTargets"]
        return "; ".join(target["lastError"] for target in targets)
