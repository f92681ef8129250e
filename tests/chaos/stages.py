"""The deployments that chaos knows, by name."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Final

from tests.chaos.cluster_stage import cluster_stage
from tests.chaos.sentinel_stage import sentinel_stage
from tests.chaos.stage import Stage
from tests.chaos.standalone import standalone

STAGES: Final[dict[str, Callable[[], AbstractContextManager[Stage]]]] = {
    "standalone": standalone,
    "sentinel": sentinel_stage,
    "cluster": cluster_stage,
}
