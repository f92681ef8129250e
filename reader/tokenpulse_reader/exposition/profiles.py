"""The profiles: under whose names the same numbers are served."""

from collections.abc import Mapping
from typing import Final, Literal, get_args

from tokenpulse_reader.exposition.metric import Metric
from tokenpulse_reader.exposition.table import METRICS
from tokenpulse_reader.exposition.table_otel import OTEL
from tokenpulse_reader.exposition.table_vllm import VLLM

Profile = Literal["tokenpulse", "otel", "vllm"]

PROFILES: Final[tuple[Profile, ...]] = get_args(Profile)
METRICS_OF: Final[Mapping[Profile, tuple[Metric, ...]]] = {
    "tokenpulse": METRICS,
    "otel": OTEL,
    "vllm": VLLM,
}
"""No two metrics of any profiles share a name."""
