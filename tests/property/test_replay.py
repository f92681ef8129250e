"""Any file is replayed, or refused in a sentence; any cut tells the same."""

import asyncio

from hypothesis import given
from hypothesis import strategies as st

from tests.support.kept_answers import ANTHROPIC, BEDROCK, COHERE, CURL, GEMINI, OLLAMA, OPENAI, RESPONSES
from tokenpulse.explain import DIALECT_NAMES
from tokenpulse_reader.cli.failures import RefusedError
from tokenpulse_reader.cli.replay.report import Wanted, json_report, text_report
from tokenpulse_shared.settings import Settings

SETTINGS = Settings.load({}, genai_prices=False)
ANSWERS = (OPENAI, ANTHROPIC, GEMINI, OLLAMA, BEDROCK, COHERE, RESPONSES, CURL)

kept_answers = st.sampled_from(ANSWERS)


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """Cut an answer somewhere, replace some of its bytes."""
    body = draw(kept_answers)
    place = draw(st.integers(0, len(body)))
    length = draw(st.integers(0, 20))
    return (
        body[:place] + draw(st.binary(max_size=20)) + body[place + length : draw(st.integers(0, len(body)))]
    )


@given(
    content=damaged() | st.binary(max_size=200),
    dialect=st.none() | st.sampled_from(DIALECT_NAMES),
    cut=st.sampled_from(("events", "recorded", 1, 50)),
)
def test_any_file_is_replayed_or_refused(content: bytes, dialect: str | None, cut: int) -> None:
    """Whatever the file holds, nothing but a refusal is raised, and no event is outside of the body."""
    wanted = Wanted("file", content, SETTINGS, cut, dialect=dialect)
    try:
        text = asyncio.run(text_report(wanted, is_full=True, has_text=True, width=100))
    except RefusedError:
        return

    assert "What tokenpulse records of it:" in text
    assert asyncio.run(json_report(wanted, has_text=True)).startswith("{")


@given(body=kept_answers, size=st.integers(1, 900))
def test_any_cut_tells_the_same(body: bytes, size: int) -> None:
    """The table does not depend on how the body was cut."""
    one, other = (
        asyncio.run(text_report(Wanted("f", body, SETTINGS, cut), is_full=True, has_text=False, width=100))
        for cut in ("events", size)
    )

    assert one.split("\n\n")[1] == other.split("\n\n")[1]
