"""The gaps of a stream, as its own sketch."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from tests.support.answers import DONE, delta, event, usage_chunk
from tests.support.asgi import SSE_TYPE
from tests.support.exchange import Exchange
from tokenpulse.reading.pace import Pace
from tokenpulse.reading.stream_facts import StreamFacts
from tokenpulse_shared.records import InterTokenLatency
from tokenpulse_shared.sketch import ZERO, bucket_index

KEY = b'"delta"'


def paced(pieces: list[bytes], times: list[float], cuts: tuple[int, ...] = ()) -> Pace:
    """Return the pace of pieces all of which are content, read in segments."""
    facts = StreamFacts()
    facts.first_content_at, facts.last_content_at = times[0], times[-1]
    pace = Pace()
    for start, end in pairwise((0, *cuts, len(pieces))):
        pace.add_pieces(pieces[start:end], times[start:end], KEY, facts)
    return pace


def test_worked_example() -> None:
    """Three events at 1.0 s, one at 1.3 s, two at 1.5 s: gaps of 0.3, 0.1, 0.1 s."""
    itl = paced([KEY * 3, KEY, KEY * 2], [1.0, 1.3, 1.5]).finish(None)

    assert itl is not None
    assert dict(itl.buckets) == {bucket_index(0.3): 1, bucket_index(0.1): 2}
    assert (round(itl.total_seconds, 9), itl.tokens) == (0.5, 3)


def test_gaps_are_weighted_by_tokens() -> None:
    """Events that brought ten tokens each count ten times."""
    itl = paced([KEY] * 4, [0.0, 1.0, 2.0, 3.0]).finish(40)

    assert itl == InterTokenLatency(30.0, 30, ((bucket_index(1.0), 30),))


def test_no_gap_without_two_contents() -> None:
    """One content event, or none, or all at once, has no gap."""
    assert Pace().finish(10) is None
    assert paced([KEY], [1.0]).finish(10) is None
    assert paced([KEY, KEY], [1.0, 1.0]).finish(10) is None


def test_pieces_without_content_lengthen_the_gap() -> None:
    """A ping between two contents is no event of its own."""
    itl = paced([KEY, b": ping\n\n", KEY], [0.0, 1.0, 4.0]).finish(None)

    assert itl == InterTokenLatency(4.0, 1, ((bucket_index(4.0), 1),))


def test_gaps_too_small_to_tell() -> None:
    """A gap of zero, or below a microsecond, counts as zero."""
    for gap in (0.0, 1e-9):
        itl = paced([KEY] * 3, [0.0, 2.0, 2.0 + gap]).finish(None)

        assert itl is not None
        assert dict(itl.buckets) == {bucket_index(2.0): 1, ZERO: 1}


@given(
    gaps=st.lists(
        st.one_of(st.just(0.0), st.floats(1e-8, 9e-7), st.floats(1.1e-6, 100.0)), min_size=1, max_size=60
    ),
    cut=st.integers(1, 60),
)
def test_the_fast_way_counts_as_the_plain_one(gaps: list[float], cut: int) -> None:
    """Single events in one segment, in two, or one by one: the same buckets."""
    times = [1.0]
    for gap in gaps:
        times.append(times[-1] + gap)
    plain = Pace()
    for time in times:
        plain.add(time, 1)
    pieces = [KEY] * len(times)
    whole, parted = paced(pieces, times), paced(pieces, times, (min(cut, len(times) - 1),))
    apart = [later - earlier for earlier, later in pairwise(times)]
    expected: dict[int, int] = {}
    for gap in apart[next((at for at, gap in enumerate(apart) if gap), len(apart)) :]:
        expected[bucket_index(gap)] = expected.get(bucket_index(gap), 0) + 1

    for pace in (whole, parted):
        itl = pace.finish(None)
        assert (dict(itl.buckets) if itl else {}) == expected
    assert plain.events == len(times)


async def test_stream_through_the_middleware() -> None:
    """Role, finish and usage are no content: of five texts a second apart, four gaps of a second."""
    pieces = [delta(role="assistant", content="")]
    pieces += [delta(content="x") for _ in range(5)]
    observation = await Exchange().stream([*pieces, delta("stop"), usage_chunk(3, 10), DONE], SSE_TYPE)

    assert observation.itl == InterTokenLatency(8.0, 8, ((bucket_index(1.0), 8),))
    assert observation.tpot_seconds == 4.0 / 9


async def test_whole_answer_has_no_gaps() -> None:
    """A stream of one content event has no inter-token latency."""
    whole = event({"choices": [{"index": 0, "delta": {"content": "x"}, "finish_reason": "stop"}]})
    observation = await Exchange().stream([whole, DONE], SSE_TYPE)

    assert observation.itl is None
