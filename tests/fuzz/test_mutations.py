"""Mutations keep what they promise to keep."""

from functools import partial
from random import Random

import pytest
from orjson import loads

from tests.fuzz.aws_mutations import changed_message
from tests.fuzz.byte_mutations import MAX_BYTES, changed_bytes, spliced
from tests.fuzz.case import Case
from tests.fuzz.case_maker import CaseMaker
from tests.fuzz.corpus import Corpus
from tests.fuzz.json_mutations import changed_json, json_words
from tests.fuzz.seeds import written_seeds
from tests.support.framing import events_of
from tests.support.talk import Talk, aws_messages, framed
from tests.support.talk_bedrock import CONVERSE, INVOKE
from tests.support.talks import words
from tokenpulse.framing.aws_eventstream import AwsEventStreamFramer

WORDS = json_words(words())


def changed_by(random: Random, data: bytes) -> bytes:
    """Return the bytes after a change of their JSON."""
    return changed_json(random, data, WORDS)


@pytest.mark.parametrize("talk", [CONVERSE, INVOKE], ids=["converse", "invoke"])
def test_changed_aws_messages_stay_readable(talk: Talk) -> None:
    """Whatever is changed in a message, its lengths and checksums are right: no message is given up."""
    raw = framed("aws", talk.events)
    seen = set()
    for seed in range(200):
        random = Random(seed)
        changed = changed_message(random, raw, partial(changed_by, random))
        framer = AwsEventStreamFramer()
        seen.add(changed)

        assert len(events_of(framer, [changed])) == len(aws_messages(changed))
        assert framer.given_up == 0
    assert len(seen) > 100


def test_what_is_no_aws_stream_stays_as_it_is() -> None:
    """Bytes without a whole message cannot be changed so."""
    assert changed_message(Random(1), b"", bytes.upper) == b""
    assert changed_message(Random(1), b"\0\0\0\1abc", bytes.upper) == b"\0\0\0\1abc"


def test_changed_json_is_mostly_json() -> None:
    """Of an object with a few members most changes leave JSON behind; without a member nothing is changed."""
    raw = b'{"usage": {"total": 7}, "choices": [{"delta": {"content": "a"}}], "error": null}'
    changed = [changed_json(Random(seed), raw, WORDS) for seed in range(300)]
    valid = 0
    for data in changed:
        try:
            loads(data)
        except ValueError:
            continue
        valid += 1

    assert len(set(changed)) > 150
    assert 150 < valid < 300
    assert changed_json(Random(1), b"[1, 2]", WORDS) == b"[1, 2]"


def test_changed_bytes_are_bounded() -> None:
    """However often bytes are changed, they stay below the longest input; also from nothing."""
    random = Random(3)
    data = b""
    for _ in range(3_000):
        data = changed_bytes(random, data) if random.random() < 0.9 else spliced(random, data, b"x" * 200_000)

        assert len(data) <= MAX_BYTES


def test_the_same_seed_draws_the_same_cases() -> None:
    """A run can be had again: the same seed, the same cases, of every target."""

    def drawn() -> list[Case]:
        random = Random(5)
        maker = CaseMaker(random, Corpus(written_seeds(), None), ["answer", "exchange"])
        return [maker.draw()[0] for _ in range(60)]

    assert drawn() == drawn()
    assert {case.target for case in drawn()} == {"answer", "exchange"}
