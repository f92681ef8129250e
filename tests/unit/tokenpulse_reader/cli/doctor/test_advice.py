"""Tests of the advice."""

from tokenpulse_reader.cli.doctor.advice import ADVICE
from tokenpulse_shared.connections.failure_kinds import TEXTS


def test_every_failure_has_advice() -> None:
    """Whatever can go wrong, there is a sentence on what to do."""
    assert ADVICE.keys() == TEXTS.keys()
    assert all(ADVICE.values())
