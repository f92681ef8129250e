"""Tests of what OpenTelemetry is told, read from its own SDK."""

import builtins
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader

from tokenpulse import TokenPulseMiddleware
from tokenpulse.asgi import Receive, Scope, Send
from tokenpulse.otel import OpenTelemetryMetrics
from tokenpulse_shared.records import Observation

DURATION: Final = "gen_ai.client.operation.duration"
TOKENS: Final = "gen_ai.client.token.usage"
NAMES: Final = ("gen_ai.operation.name", "gen_ai.provider.name", "gen_ai.request.model")
_GOOD: Final = Observation("openai", "gpt-4o", operation="chat", latency_seconds=0.5)


class Exported:
    """Hold a provider of meters with what it would export."""

    def __init__(self) -> None:
        self._reader = InMemoryMetricReader()
        self.provider = MeterProvider([self._reader])

    def metrics(self) -> dict[str, Any]:
        """Return each metric by its name."""
        data = self._reader.get_metrics_data()
        scopes = (
            [scope for resource in data.resource_metrics for scope in resource.scope_metrics] if data else []
        )
        assert {scope.scope.name for scope in scopes} <= {"tokenpulse"}
        return {metric.name: metric for scope in scopes for metric in scope.metrics}

    def points(self, name: str) -> dict[tuple[object, ...], tuple[int, float]]:
        """Return (count, sum) by the values of all attributes but the names of operation, provider, model, put first."""
        metric = self.metrics().get(name)
        points = metric.data.data_points if metric else ()
        return {
            (
                *(point.attributes[key] for key in NAMES),
                *(value for key, value in sorted(point.attributes.items()) if key not in NAMES),
            ): (point.count, point.sum)
            for point in points
        }


@pytest.fixture
def exported() -> Iterator[Exported]:
    """Give a provider of meters of this test's own."""
    exported = Exported()
    yield exported
    exported.provider.shutdown()


def test_a_request_is_two_histograms(exported: Exported) -> None:
    """Names, units and boundaries are those of the conventions; tokens are told by type."""
    OpenTelemetryMetrics(meter_provider=exported.provider)(_GOOD._replace(tokens_input=30, tokens_output=7))
    metrics = exported.metrics()

    assert exported.points(DURATION) == {("chat", "openai", "gpt-4o"): (1, 0.5)}
    assert exported.points(TOKENS) == {
        ("chat", "openai", "gpt-4o", "input"): (1, 30),
        ("chat", "openai", "gpt-4o", "output"): (1, 7),
    }
    assert (metrics[DURATION].unit, metrics[TOKENS].unit) == ("s", "{token}")
    (point,) = metrics[DURATION].data.data_points
    assert point.explicit_bounds == tuple(0.01 * 2**power for power in range(14))
    assert point.bucket_counts[6] == 1
    assert metrics[TOKENS].data.data_points[0].explicit_bounds == tuple(4**power for power in range(14))


def test_what_is_not_known_is_not_told(exported: Exported) -> None:
    """Neither zero tokens nor a duration of zero is made up; an unknown operation has the conventions' word."""
    record = OpenTelemetryMetrics(meter_provider=exported.provider)
    record(_GOOD._replace(latency_seconds=None))
    assert exported.metrics() == {}

    record(_GOOD._replace(operation=None, tokens_output=0))
    assert exported.points(DURATION) == {("_OTHER", "openai", "gpt-4o"): (1, 0.5)}
    assert exported.points(TOKENS) == {("_OTHER", "openai", "gpt-4o", "output"): (1, 0)}


def test_a_failure_tells_its_outcome(exported: Exported) -> None:
    """`error.type` is the outcome, never a word from upstream; a success has none."""
    record = OpenTelemetryMetrics(meter_provider=exported.provider)
    record(_GOOD)
    record(_GOOD._replace(outcome="rate_limit", error_type="whatever_they_say"))

    assert exported.points(DURATION) == {
        ("chat", "openai", "gpt-4o"): (1, 0.5),
        ("chat", "openai", "gpt-4o", "rate_limit"): (1, 0.5),
    }


def test_names_are_bounded(exported: Exported) -> None:
    """A name that never succeeded, or comes when there is no room, counts with the rest; nothing is left out."""
    record = OpenTelemetryMetrics(meter_provider=exported.provider, max_models=2)
    failed = _GOOD._replace(outcome="caller_error")
    record(failed._replace(model="made-up"))
    record(failed._replace(model="named-by-the-app", names_vouched=True))
    record(_GOOD)
    record(_GOOD._replace(model="late"))
    record(_GOOD)

    assert exported.points(DURATION) == {
        ("chat", "__other__", "__other__", "caller_error"): (1, 0.5),
        ("chat", "openai", "named-by-the-app", "caller_error"): (1, 0.5),
        ("chat", "openai", "gpt-4o"): (2, 1.0),
        ("chat", "__other__", "__other__"): (1, 0.5),
    }


async def test_the_middleware_tells_it(exported: Exported) -> None:
    """Given as `on_observation` it hears of every inference request."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        body = b'{"object":"chat.completion","choices":[],"usage":{"prompt_tokens":3,"completion_tokens":2}}'
        headers = [(b"content-type", b"application/json")]
        await receive()
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body})

    tell = OpenTelemetryMetrics(meter_provider=exported.provider)
    wrapped = TokenPulseMiddleware(app, redis_url="redis://127.0.0.1:1/0", on_observation=tell)
    wrapped.recorder._started = True  # no thread: Redis is not asked
    async with httpx.AsyncClient(transport=httpx.ASGITransport(wrapped), base_url="http://app") as client:
        await client.post("/v1/chat/completions", json={"model": "openai/gpt-4o"})

    assert {key: count for key, (count, _) in exported.points(DURATION).items()} == {
        ("chat", "openai", "openai/gpt-4o"): 1
    }
    assert exported.points(TOKENS) == {
        ("chat", "openai", "openai/gpt-4o", "input"): (1, 3),
        ("chat", "openai", "openai/gpt-4o", "output"): (1, 2),
    }


def test_without_the_package_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """It fails where it is made, at the start of the app, with what to install."""
    import_module = builtins.__import__

    def refuse(name: str, *arguments: Any) -> Any:
        if name.startswith("opentelemetry"):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return import_module(name, *arguments)

    monkeypatch.setattr(builtins, "__import__", refuse)

    with pytest.raises(ModuleNotFoundError, match=r"pip install 'tokenpulse\[otel\]'"):
        OpenTelemetryMetrics()
