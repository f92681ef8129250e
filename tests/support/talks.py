"""Every talk there is."""

from typing import Any, Final

from tests.support.talk import Talk
from tests.support.talk_bedrock import BEDROCK_TALKS
from tests.support.talk_openai import OPENAI_TALKS
from tests.support.talk_vendors import COHERE_TALKS, GOOGLE_TALKS, OLLAMA_TALKS

TALKS: Final[tuple[Talk, ...]] = (
    *OPENAI_TALKS,
    *BEDROCK_TALKS,
    *GOOGLE_TALKS,
    *OLLAMA_TALKS,
    *COHERE_TALKS,
)


def _words(value: Any) -> set[str]:
    if isinstance(value, dict):
        return set(value).union(*map(_words, value.values()))
    if isinstance(value, list):
        return set().union(*map(_words, value))
    return {value} if isinstance(value, str) else set()


def words() -> list[str]:
    """Return every key and every text of the talks, in order of the alphabet."""
    found: set[str] = set()
    for talk in TALKS:
        found |= _words(talk.asked) | _words(talk.answer)
        for name, body in (*talk.events, *talk.endings):
            found |= {name.decode()} | _words(body)
    return sorted(found)
