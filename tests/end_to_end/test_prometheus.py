"""A real Prometheus scrapes a real reader, and sees what was recorded."""

import signal
import subprocess
from contextlib import closing

import httpx
import pytest

from tests.support.ports import free_port
from tests.support.processes import RunningProcess
from tests.support.prometheus_server import PrometheusServer, need_prometheus
from tests.support.redis_server import RedisServer
from tokenpulse.recorder import Recorder
from tokenpulse_reader.exposition.metric import CATEGORIES
from tokenpulse_reader.exposition.profiles import PROFILES, Profile

pytestmark = pytest.mark.prometheus

POISON = 'a"b\\c\nd{e="f"}\u2028\u202e\x00%s'
PRINTABLE = 'a"b\\c\ufffdd{e="f"}\ufffd\ufffd\ufffd%s'


@pytest.fixture(autouse=True)
def _prometheus() -> None:
    need_prometheus()


def _reader(redis_url: str, port: int, *more: str) -> RunningProcess:
    arguments = ("--redis-url", redis_url, "--port", str(port), "--snapshot-interval", "0.1", *more)
    return RunningProcess("tokenpulse_reader.cli", "reader", *arguments)


def _record(redis_url: str) -> None:
    with closing(Recorder(redis_url=redis_url)) as recorder:
        for latency_ms in (100, 200, 400, 31_000):
            recorder.record(
                provider="openai",
                model="openai/gpt-4o",
                latency_ms=latency_ms,
                success=latency_ms < 31_000,
                cost=0.25,
                tokens_input=10,
                tokens_output=30,
                ttft_ms=50,
            )
        recorder.record(provider="poison", model=POISON, latency_ms=1_000, success=True)
        assert recorder.flush()


def test_prometheus_sees_what_was_recorded(redis_server: RedisServer) -> None:
    """Counters, buckets, quantiles, labels; then Redis dies and the numbers stay."""
    _record(redis_server.url)
    with _reader(redis_server.url, free_port()) as reader:
        url = reader.wait_for_line("reader   http").split()[1]
        with PrometheusServer(url) as prometheus:
            prometheus.wait_for("up", [({"__name__": "up"}, 1.0)])
            prometheus.wait_for("sum(model_inference_requests_total)", [({}, 5.0)])
            prometheus.wait_for("sum(gatewayz_api_cost_usd_total)", [({}, 1.0)])
            prometheus.wait_for(
                'sum by (token_type) (tokens_used_total{model="openai/gpt-4o"})',
                [({"token_type": "input"}, 40.0), ({"token_type": "output"}, 120.0)],
            )
            # Two of four up to 0.5 s lie above 0.1 s: the median is 1/2 of the way through (0.1, 0.5].
            prometheus.wait_for(
                'histogram_quantile(0.5, model_inference_duration_seconds_bucket{provider="openai"})',
                [({"provider": "openai", "model": "openai/gpt-4o"}, pytest.approx(0.3))],  # type: ignore[list-item]  # compares as a float
            )
            prometheus.wait_for(
                'model_inference_duration_seconds_count{provider="poison"}',
                [
                    (
                        {
                            "__name__": "model_inference_duration_seconds_count",
                            "provider": "poison",
                            "model": PRINTABLE,
                        },
                        1.0,
                    )
                ],
            )
            redis_server.kill()
            prometheus.wait_for("redis_up", [({"__name__": "redis_up"}, 0.0)])
            prometheus.wait_for("sum(model_inference_requests_total)", [({}, 5.0)])
            prometheus.wait_for("tokenpulse_snapshot_age_seconds > bool 0", [({}, 1.0)])


def test_counters_go_on_over_a_restart_of_the_reader(redis_server: RedisServer) -> None:
    """A restart is no reset, because the numbers live in Redis."""
    _record(redis_server.url)
    port = free_port()
    with _reader(redis_server.url, port) as reader:
        url = reader.wait_for_line("reader   http").split()[1]
        with PrometheusServer(url) as prometheus:
            prometheus.wait_for("sum(model_inference_requests_total)", [({}, 5.0)])
            reader.send_signal(signal.SIGTERM)
            assert reader.wait() == 0
            prometheus.wait_for("up", [({"__name__": "up"}, 0.0)])
            _record(redis_server.url)
            with _reader(redis_server.url, port) as again:
                again.wait_for_line("reader   http")
                prometheus.wait_for("sum(model_inference_requests_total)", [({}, 10.0)])
                prometheus.wait_for("sum(resets(model_inference_requests_total[1m]))", [({}, 0.0)])


def test_counters_begin_anew_when_redis_is_emptied(redis_server: RedisServer) -> None:
    """Prometheus sees one reset of each, `rate` and `increase` go on from nothing, `_created` is later than before."""
    requests = 'model_inference_requests_total{provider="openai",status="success"}'
    created = 'model_inference_requests_created{provider="openai",status="success"}'
    _record(redis_server.url)
    with _reader(redis_server.url, free_port()) as reader:
        url = reader.wait_for_line("reader   http").split()[1]
        with PrometheusServer(url) as prometheus:
            prometheus.wait_for(f"sum({requests})", [({}, 3.0)])
            ((_, began),) = prometheus.query(created)
            with redis_server.client() as client:
                client.flushall()
                now = client.time()[0]
            with closing(Recorder(redis_url=redis_server.url)) as recorder:
                for _ in range(2):
                    recorder.record(provider="openai", model="openai/gpt-4o", latency_ms=100, success=True)
                assert recorder.flush()
            prometheus.wait_for(f"sum({requests})", [({}, 2.0)])
            prometheus.wait_for(f"sum(resets({requests}[1m]))", [({}, 1.0)])
            prometheus.wait_for(f"sum(rate({requests}[1m])) > bool 0", [({}, 1.0)])
            prometheus.wait_for("sum(resets(model_inference_duration_seconds_count[1m]))", [({}, 1.0)])
            ((_, begins),) = prometheus.query(created)

            assert began < now <= begins


@pytest.mark.parametrize("profile", PROFILES)
def test_promtool_finds_nothing_to_complain_about(redis_server: RedisServer, profile: Profile) -> None:
    """Neither in the whole nor in any category, under any names; that vLLM's names hold a colon is vLLM's choice."""
    _record(redis_server.url)
    with _reader(redis_server.url, free_port()) as reader:
        url = reader.wait_for_line("reader   http").split()[1]
        for path in ("all", *CATEGORIES):
            text = httpx.get(f"{url}/prometheus/metrics/{path}", params={"profile": profile}).content
            checked = subprocess.run(
                ["promtool", "check", "metrics"], input=text, capture_output=True, check=False, timeout=30
            )
            complaints = checked.stderr.decode().splitlines()

            assert checked.stdout == b""
            assert [line for line in complaints if "should not contain ':'" not in line] == []
            assert checked.returncode == (3 if complaints else 0)
            assert bool(complaints) == (profile == "vllm" and bool(text))


def test_prometheus_sees_the_names_of_a_profile(redis_server: RedisServer) -> None:
    """A reader that serves vLLM's names by its setting answers the queries of vLLM's dashboards."""
    _record(redis_server.url)
    with _reader(redis_server.url, free_port(), "--metrics-profile", "vllm") as reader:
        url = reader.wait_for_line("reader   http").split()[1]
        with PrometheusServer(url) as prometheus:
            labels = {"model_name": "openai/gpt-4o"}
            prometheus.wait_for(
                'sum by (model_name) ({__name__="vllm:generation_tokens_total"})', [(labels, 120.0)]
            )
            # All four streams began within (0.04, 0.06] s: the median is half way.
            prometheus.wait_for(
                "histogram_quantile(0.5, sum by (le) (vllm:time_to_first_token_seconds_bucket))",
                [({}, pytest.approx(0.05))],  # type: ignore[list-item]  # compares as a float
            )
