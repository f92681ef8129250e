"""The providers the demo simulates.

Latency, speed and price are of the order the real ones had in 2025, so that tables and charts look as they
would at work; they are invented and say nothing about anybody's service.
"""

from dataclasses import dataclass
from typing import Final, Literal

CostSource = Literal["response", "annotation", "nobody"]
"""Who says what a request cost: the answer's `usage.cost`, the app through `annotate`, or nobody."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedModel:
    """Describe how one model behaves on an ordinary day; times are medians."""

    model_id: str
    ttft_seconds: float
    tokens_per_second: float
    input_usd_per_million: float
    output_usd_per_million: float
    is_reasoning: bool = False
    is_embedding: bool = False

    def cost_usd(self, tokens_input: int, tokens_output: int) -> float:
        """Return the price of a request: 1,000 in and 100 out at 2.5 and 10 USD a million cost 0.0035."""
        paid = tokens_input * self.input_usd_per_million + tokens_output * self.output_usd_per_million
        return paid / 1e6


@dataclass(frozen=True, slots=True, kw_only=True)
class SimulatedProvider:
    """Describe one provider: `share` is its part of the traffic relative to the others."""

    name: str
    share: int
    failure_rate: float
    cost_source: CostSource
    models: tuple[SimulatedModel, ...]


def _model(
    model_id: str,
    ttft_seconds: float,
    speed: float,
    prices: tuple[float, float],
    *,
    is_reasoning: bool = False,
) -> SimulatedModel:
    return SimulatedModel(
        model_id=model_id,
        ttft_seconds=ttft_seconds,
        tokens_per_second=speed,
        input_usd_per_million=prices[0],
        output_usd_per_million=prices[1],
        is_reasoning=is_reasoning,
    )


SIMULATED_PROVIDERS: Final = (
    SimulatedProvider(
        name="openai",
        share=30,
        failure_rate=0.015,
        cost_source="annotation",
        models=(
            _model("openai/gpt-4o", 0.45, 90, (2.5, 10.0)),
            _model("openai/gpt-4o-mini", 0.35, 120, (0.15, 0.6)),
            SimulatedModel(
                model_id="openai/text-embedding-3-small",
                ttft_seconds=0.08,
                tokens_per_second=0.0,
                input_usd_per_million=0.02,
                output_usd_per_million=0.0,
                is_embedding=True,
            ),
        ),
    ),
    SimulatedProvider(
        name="anthropic",
        share=25,
        failure_rate=0.02,
        cost_source="annotation",
        models=(
            _model("anthropic/claude-3.5-sonnet", 0.7, 70, (3.0, 15.0)),
            _model("anthropic/claude-3.5-haiku", 0.5, 110, (0.8, 4.0)),
        ),
    ),
    SimulatedProvider(
        name="groq",
        share=15,
        failure_rate=0.05,
        cost_source="response",
        models=(
            _model("groq/llama-3.3-70b-versatile", 0.15, 280, (0.59, 0.79)),
            _model("groq/llama-3.1-8b-instant", 0.1, 600, (0.05, 0.08)),
        ),
    ),
    SimulatedProvider(
        name="mistral",
        share=12,
        failure_rate=0.02,
        cost_source="response",
        models=(
            _model("mistral/mistral-large", 0.5, 60, (2.0, 6.0)),
            _model("mistral/codestral", 0.3, 140, (0.3, 0.9)),
        ),
    ),
    SimulatedProvider(
        name="together",
        share=10,
        failure_rate=0.03,
        cost_source="response",
        models=(_model("together/qwen2.5-72b-instruct:turbo", 0.4, 85, (1.2, 1.2)),),
    ),
    SimulatedProvider(
        name="deepseek",
        share=8,
        failure_rate=0.04,
        cost_source="nobody",
        models=(
            _model("deepseek/deepseek-chat", 0.9, 45, (0.27, 1.1)),
            _model("deepseek/deepseek-reasoner", 1.2, 45, (0.55, 2.2), is_reasoning=True),
        ),
    ),
)

DEGRADING_PROVIDER: Final = "mistral"
"""The one that turns slow and unreliable for a while, again and again."""
