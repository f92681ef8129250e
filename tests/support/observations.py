"""Compare observations."""

from tokenpulse_shared.records import Observation


def without_times(observation: Observation) -> Observation:
    """Return the observation without what depends on when its bytes came."""
    return observation._replace(
        started_at=0.0,
        latency_seconds=None,
        ttfb_seconds=None,
        ttft_seconds=None,
        first_visible_seconds=None,
        tpot_seconds=None,
        send_wait_seconds=None,
        itl=None,
    )
