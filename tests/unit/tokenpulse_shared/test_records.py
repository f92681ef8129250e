"""The record of one request: what follows from its fields."""

from typing import get_args

import pytest

from tokenpulse_shared.records import Observation, Outcome

FAULTS = {"rate_limit", "timeout", "network", "provider_error", "truncated", "app_exception"}


@pytest.mark.parametrize("outcome", get_args(Outcome))
def test_each_outcome_is_a_success_or_a_fault_or_neither(outcome: Outcome) -> None:
    """What the caller did wrong, or gave up, is neither."""
    observation = Observation("acme", "chat-1", outcome=outcome)

    assert observation.is_success is (outcome == "success")
    assert observation.is_provider_fault is (outcome in FAULTS)


def test_cost_is_exact_and_unknown_is_none() -> None:
    """Money is counted in nano-USD; free is not unknown."""
    assert Observation("acme", "chat-1", cost_nano_usd=1_234_567_891).cost_usd == 1.234567891
    assert Observation("acme", "chat-1", cost_nano_usd=0).cost_usd == 0.0
    assert Observation("acme", "chat-1").cost_usd is None
