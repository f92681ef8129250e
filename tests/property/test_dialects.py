"""Every built-in dialect reads any JSON: nothing raises, types and bounds are right."""

from random import Random
from typing import Any

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzz.case import Case
from tests.fuzz.reading import endpoint_of
from tests.fuzz.validity import check_answer, check_event, check_request, is_text
from tests.support.talks import TALKS, words
from tokenpulse.dialects.base import Dialect
from tokenpulse.dialects.registry import BUILT_IN
from tokenpulse.reading.answer_reader import Answer
from tokenpulse_shared.counters import MAX_COUNT

NAMES = sorted(
    {b"", b"error", b"\xff", *(name for talk in TALKS for name, _ in (*talk.events, *talk.endings))}
)
WORDS = st.sampled_from(words())
LEAVES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-2, 2**64 - 1),
    st.sampled_from([MAX_COUNT, MAX_COUNT + 1, 6.0]),
    st.floats(),
    st.text(max_size=4),
    WORDS,
)
JSON = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=5),
    max_leaves=20,
)
SAID = [
    body
    for talk in TALKS
    for body in (talk.asked, talk.answer, *(body for _, body in (*talk.events, *talk.endings)))
    if isinstance(body, dict)
]


def with_value(body: Any, value: Any, random: Random) -> Any:
    """Return a body in which one value, at any depth, is another."""
    if isinstance(body, dict) and body and random.random() < 0.9:
        key = random.choice(list(body))
        return {**body, key: with_value(body[key], value, random)}
    if isinstance(body, list) and body and random.random() < 0.9:
        place = random.randrange(len(body))
        return [*body[:place], with_value(body[place], value, random), *body[place + 1 :]]
    return value


NEARLY_RIGHT = st.builds(with_value, st.sampled_from(SAID), JSON, st.randoms(use_true_random=False))
BODIES = st.one_of(
    st.dictionaries(WORDS, JSON, max_size=6), NEARLY_RIGHT.filter(lambda body: isinstance(body, dict))
)

every_dialect = pytest.mark.parametrize("dialect", BUILT_IN, ids=lambda dialect: str(dialect.name))


def test_every_dialect_is_talked() -> None:
    """No built-in dialect is left out of what follows."""
    talked = {endpoint_of(Case("answer", talk.path, b"", b"")).dialect.name for talk in TALKS}

    assert talked == {dialect.name for dialect in BUILT_IN}


@every_dialect
@settings(max_examples=100)
@given(body=BODIES, name=st.sampled_from(NAMES), is_failure=st.booleans())
@example(body={"candidates": [{"finishReason": "STOP", "index": -1}]}, name=b"", is_failure=False)
@example(body={"candidates": [{"finishReason": "STOP", "index": 2**40}]}, name=b"", is_failure=False)
def test_any_object_is_read(dialect: Dialect, body: dict[str, Any], name: bytes, is_failure: bool) -> None:
    """As a request, an answer, an event: texts are texts, counts are counts from 0 to the most there can be."""
    check_request(dialect.for_request(body).request(body))
    check_request(dialect.request(body))
    check_event(dialect.event(name, body))
    check_answer(Answer(False, *dialect.answer(body, is_failure)), [])

    assert isinstance(dialect.text(body), str)


@every_dialect
@settings(max_examples=100)
@given(
    body=BODIES, head_bytes=st.integers(0, 500), tail_bytes=st.integers(0, 500), noise=st.binary(max_size=6)
)
def test_any_ends_are_read(
    dialect: Dialect, body: dict[str, Any], head_bytes: int, tail_bytes: int, noise: bytes
) -> None:
    """What is left of a long body, cut anywhere, is read as any other; it may also tell nothing."""
    raw = noise + orjson.dumps(body)
    kept = dialect.abridged(raw[:head_bytes], raw[max(0, len(raw) - tail_bytes) :])
    if kept is not None:
        check_event(dialect.event(b"", kept))
        check_answer(Answer(False, *dialect.answer(kept, False)), [])

        assert isinstance(dialect.text(kept), str)


@every_dialect
@given(
    headers=st.lists(
        st.tuples(
            st.sampled_from(
                [
                    b"x-amzn-errortype",
                    b"x-amzn-bedrock-input-token-count",
                    b"x-amzn-bedrock-cache-read-input-token-count",
                    b"x",
                ]
            ),
            st.one_of(st.binary(max_size=9), st.integers(-1, 2**70).map(lambda count: b"%d" % count)),
        ),
        max_size=4,
    )
)
def test_any_headers_are_read(dialect: Dialect, headers: list[tuple[bytes, bytes]]) -> None:
    """Counts and errors in headers are valid as well."""
    check_answer(Answer(usage=dialect.header_usage(headers)), [])

    assert is_text(dialect.header_error(headers))
