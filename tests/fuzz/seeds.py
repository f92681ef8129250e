"""What fuzzing starts from: streams, answers, failures written for the tests; recorded ones where they are there."""

from collections.abc import Iterator
from itertools import product
from typing import Any

from orjson import dumps

from tests.fuzz.case import Case
from tests.recordings.cases import body_of, load_cases, path_of
from tests.support.talk import FRAMINGS, Talk, framed
from tests.support.talks import TALKS

ANSWER = "answer"


def written_seeds() -> Iterator[Case]:
    """Give every talk as an answer, and as a stream in every framing; its events alone, all together."""
    for talk in TALKS:
        yield _seed(talk, b"application/json", dumps(talk.answer))
        yield _seed(talk, b"application/json", dumps(talk.answer) * 2, 500)
        events = (*talk.events, *talk.endings)
        for framing, ended in product(FRAMINGS, (events, events[:-3], talk.events)):
            content_type, _ = FRAMINGS[framing]
            if ended:
                yield _seed(talk, content_type, framed(framing, ended))
        if talk.framing is not None:
            content_type, _ = FRAMINGS[talk.framing]
            for event in events:
                yield _seed(talk, content_type, framed(talk.framing, [event]))


def recorded_seeds() -> Iterator[Case]:
    """Give every recorded exchange; none where the folder is not."""
    for recorded in load_cases():
        yield _recorded(recorded)


def _seed(talk: Talk, content_type: bytes, body: bytes, status: int = 200) -> Case:
    return Case(ANSWER, talk.path, dumps(talk.asked), body, status, ((b"content-type", content_type),))


def _recorded(recorded: dict[str, Any]) -> Case:
    response = recorded["response"]
    headers = tuple(
        (name.lower().encode("latin-1"), value.encode())
        for name, value in response["headers"].items()
        if name.lower() == "content-type" or name.lower().startswith("x-amzn")
    )
    asked = recorded["request"].get("body")
    body = b"" if asked is None else dumps(asked)
    return Case(ANSWER, path_of(recorded), body, body_of(recorded), response["status"], headers)
