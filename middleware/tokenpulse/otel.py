"""Tell OpenTelemetry of each finished request, by the histograms of its conventions for generative AI clients.

Bounds: `max_models` pairs of provider and model have attributes of their own, the rest is `__other__`, and so is a
name that only a caller's request body states until a request with it succeeds. `error.type` is the outcome, one of
nine words.
"""

from typing import TYPE_CHECKING, Final

from tokenpulse_shared import histogram
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.records import Observation

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider

_UNKNOWN_OPERATION: Final = "_OTHER"
"""The conventions require an operation; this is their word for what is none of theirs."""


class OpenTelemetryMetrics:
    """Record each observation: give it to `TokenPulseMiddleware` as `on_observation`. Thread-safe.

    Args:
        meter_provider: whose meter; None: the process's own, which may be set later.
        max_models: most pairs of provider and model that are told apart.

    Raises:
        ModuleNotFoundError: opentelemetry-api is not installed.
    """

    def __init__(self, *, meter_provider: "MeterProvider | None" = None, max_models: int = 200) -> None:
        try:
            from opentelemetry.metrics import get_meter  # here, for few apps have it
        except ModuleNotFoundError as error:
            message = f"{error}: OpenTelemetryMetrics needs the extra, pip install 'tokenpulse[otel]'"
            raise ModuleNotFoundError(message, name=error.name) from error
        meter = get_meter("tokenpulse", meter_provider=meter_provider)
        self._duration = meter.create_histogram(
            "gen_ai.client.operation.duration",
            unit="s",
            description="GenAI operation duration.",
            explicit_bucket_boundaries_advisory=histogram.OTEL_DURATION,
        )
        self._tokens = meter.create_histogram(
            "gen_ai.client.token.usage",
            unit="{token}",
            description="Number of input and output tokens used.",
            explicit_bucket_boundaries_advisory=histogram.OTEL_TOKENS,
        )
        self._max_models = max_models
        self._known: set[tuple[str, str]] = set()

    def __call__(self, observation: Observation) -> None:
        """Record one request; what is not known is left out. The middleware counts what is raised here."""
        provider, model = self._names(observation)
        attributes = {
            "gen_ai.operation.name": observation.operation or _UNKNOWN_OPERATION,
            "gen_ai.provider.name": provider,
            "gen_ai.request.model": model,
        }
        for kind, tokens in (("input", observation.tokens_input), ("output", observation.tokens_output)):
            if tokens is not None:
                self._tokens.record(tokens, {**attributes, "gen_ai.token.type": kind})
        if observation.latency_seconds is not None:
            if not observation.is_success:
                attributes["error.type"] = observation.outcome
            self._duration.record(observation.latency_seconds, attributes)

    def _names(self, observation: Observation) -> tuple[str, str]:
        """Return provider and model as they may be told."""
        pair = observation.provider, observation.model
        if pair in self._known:
            return pair
        is_worth_it = observation.is_success or observation.names_vouched
        if not is_worth_it or len(self._known) >= self._max_models:
            return OTHER, OTHER
        self._known.add(pair)
        return pair
