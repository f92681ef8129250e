"""Whatever JSON is posted, it is taken or refused in words; nothing else happens."""

from collections.abc import Callable
from typing import Any, TypeVar

import orjson
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenpulse_reader.http.problems import ProblemError
from tokenpulse_reader.posts.measurements import MAX_MILLISECONDS, parse_measurements
from tokenpulse_reader.posts.posted_gauges import parse_gauges
from tokenpulse_shared.business_gauges import GAUGE_LABELS, MAX_VALUES
from tokenpulse_shared.counters import MAX_COUNT
from tokenpulse_shared.names import MAX_NAME_CHARACTERS

T = TypeVar("T")
SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
)
FIELDS = ("model", "provider", "gateway", "session_id", "ttft_ms", "total_time_ms", "success", "error_type")
MEASUREMENTS = st.dictionaries(st.sampled_from(FIELDS), ANY | st.sampled_from(["a/b", 3, True, "timeout"]))
GAUGES = st.dictionaries(st.sampled_from([*GAUGE_LABELS]), ANY | st.dictionaries(st.text(max_size=5), ANY))


def _parsed(parse: Callable[[Any], T], value: Any) -> T | None:
    """Return what is taken of a body, None when it is refused; not-a-number is null in JSON."""
    body = orjson.loads(orjson.dumps(value))
    try:
        return parse(body)
    except ProblemError as refusal:
        problem = refusal
    assert (problem.status, bool(str(problem))) == (400, True)
    return None


def _is_serialisable(value: Any) -> bool:
    try:
        orjson.dumps(value)
    except TypeError:  # a lone surrogate
        return False
    return True


@given((ANY | MEASUREMENTS | st.lists(MEASUREMENTS, max_size=5)).filter(_is_serialisable))
@settings(max_examples=100)
def test_measurements_are_usable_or_refused(body: Any) -> None:
    """What is taken has a model, safe names, times within bounds; a refusal is a 400 in words."""
    taken = _parsed(parse_measurements, body)

    for held in taken or ():
        for name in (held.model, held.provider, held.gateway):
            assert name is None or 1 <= len(name) <= MAX_NAME_CHARACTERS
        for time in (held.ttft_ms, held.total_time_ms):
            assert time is None or 0 <= time <= 2 * MAX_MILLISECONDS
        assert held.error_type is None or not held.success


@given((ANY | GAUGES).filter(_is_serialisable))
@settings(max_examples=100)
def test_gauges_are_usable_or_refused(body: Any) -> None:
    """What is taken has the labels of its gauge, whole values; a refusal is a 400 in words."""
    taken = _parsed(parse_gauges, body)

    for name, values in (taken or {}).items():
        assert len(values) <= MAX_VALUES
        for labels, value in values.items():
            assert len(labels) == len(GAUGE_LABELS[name])
            assert 0 <= value <= MAX_COUNT
            assert isinstance(value, int)
