"""Any chunking of a stream of any dialect in any framing tells the same."""

import orjson
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.fuzz.answer_target import told_by
from tests.fuzz.case import Case
from tests.fuzz.exchange_target import run_exchange, sink_of
from tests.fuzz.reading import answer_of
from tests.support.asgi import Server, request
from tests.support.framing import pieces_of
from tests.support.observations import without_times
from tests.support.talk import FRAMINGS, Talk, framed
from tests.support.talk_openai import CHAT
from tests.support.talks import TALKS
from tokenpulse.framing.long_event import MAX_EVENT_BYTES
from tokenpulse_shared.records import Observation


@st.composite
def streams(draw: st.DrawFn) -> Case:
    """Draw a stream of any talk, with or without its type: events in any order, then some endings in theirs."""
    talk = draw(st.sampled_from([talk for talk in TALKS if talk.framing is not None]))
    framing = draw(st.sampled_from([talk.framing, *FRAMINGS]))
    first, last = sorted(draw(st.lists(st.integers(0, len(talk.endings)), min_size=2, max_size=2)))
    events = draw(st.lists(st.sampled_from(talk.events), max_size=10))
    raw = framed(framing, [*events, *talk.endings[first:last]])
    if framing in ("sse", "ndjson"):
        raw = raw.replace(b"\n", draw(st.sampled_from([b"\n", b"\r\n"] + [b"\r"] * (framing == "sse"))))
    raw = raw[: len(raw) - draw(st.sampled_from([0, 0, 0, 1, 9]))]
    places = draw(st.lists(st.integers(0, len(raw)), max_size=12))
    return Case(
        "answer",
        talk.path,
        orjson.dumps(talk.asked),
        raw,
        headers=draw(st.sampled_from([((b"content-type", FRAMINGS[framing][0]),), ()])),
        cuts=tuple(sorted(set(places))),
        folds=tuple(draw(st.sets(st.integers(0, len(places)), max_size=6))),
        estimate=draw(st.sampled_from(["off", "events", "characters"])),
    )


def long_event(estimate: str) -> Case:
    """Return a stream of one event too long to be held, which comes in three pieces and ends in a fold."""
    text = "x" * 2 * MAX_EVENT_BYTES
    raw = framed("sse", [(b"", {"choices": [{"delta": {"content": text}}]})])
    places = (1_000, 70_000)
    return Case(
        *(
            "answer",
            CHAT.path,
            b"{}",
            raw,
            200,
            ((b"content-type", b"text/event-stream"),),
            places,
            (0, 1, 2),
        ),
        estimate,
    )


@settings(max_examples=600)
@given(case=streams())
@example(case=long_event("events"))
@example(case=long_event("characters"))
def test_any_chunking_of_any_stream_tells_the_same(case: Case) -> None:
    """Whole, cut anywhere, read in one go or as it comes: the same facts, but for how many events were broken."""
    whole, cut = answer_of(case, [case.body] if case.body else []), answer_of(case, case.pieces(), case.folds)

    assert {**told_by(cut), "faults": None} == {**told_by(whole), "faults": None}
    if not case.folds:
        assert cut.faults == whole.faults


def observed(case: Case, pieces: list[bytes]) -> Observation:
    """Return the observation of a case sent in these pieces."""
    sink = sink_of(case)
    run_exchange(case, pieces, sink, Server([request(case.asked)]))
    return without_times(sink.observations[0])


@pytest.mark.parametrize(
    "talk", [talk for talk in TALKS if talk.framing is not None], ids=lambda talk: str(talk.path)
)
def test_streams_sent_byte_by_byte_are_observed_as_whole_ones(talk: Talk) -> None:
    """Streams so long that what came is read several times before the end: the same observation."""
    framing = talk.framing or ""
    ending = talk.endings[:1]
    raw = framed(framing, [*talk.events * 3, *ending])
    case = Case(
        "exchange", talk.path, orjson.dumps(talk.asked), raw, 200, ((b"content-type", FRAMINGS[framing][0]),)
    )

    assert observed(case, pieces_of(raw, 1)) == observed(case, [raw])
