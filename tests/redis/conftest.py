"""Fixtures of the tests against a real Redis."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tokenpulse.recorder import Recorder


@pytest.fixture
def make_recorder(redis_url: str) -> Iterator[Callable[..., Recorder]]:
    """Give a maker of recorders without a thread: they flush only when told."""
    made: list[Recorder] = []

    def make(url: str = redis_url, **given: Any) -> Recorder:
        recorder = Recorder(url, **given)
        recorder._started = True  # no thread: each flush is the test's own
        made.append(recorder)
        return recorder

    yield make
    for recorder in made:
        recorder._client.close()


@pytest.fixture
def recorder(redis_url: str, open_recorder: Callable[..., Recorder]) -> Recorder:
    """Give a recorder of the shared Redis that flushes often once it is started."""
    return open_recorder(redis_url, flush_interval=0.05)
