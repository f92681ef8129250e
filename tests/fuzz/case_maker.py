"""Draw the next case from what is in the corpus."""

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from random import Random
from typing import Final

import brotli
import zstandard

from tests.fuzz.aws_mutations import changed_message
from tests.fuzz.byte_mutations import MAX_BYTES, changed_bytes, slice_of, spliced
from tests.fuzz.case import Case, Headers
from tests.fuzz.corpus import Corpus
from tests.fuzz.json_mutations import changed_json, json_words
from tests.support.talk import FRAMINGS
from tests.support.talks import words
from tokenpulse.dialects.registry import BUILT_IN

PATHS: Final = tuple(
    "/prefix" + route.pattern.replace("{model}", "some.model")
    for dialect in BUILT_IN
    for route in dialect.routes
)
CONTENT_TYPES: Final = (
    *(content_type for content_type, _ in FRAMINGS.values()),
    *(b"application/stream+json", b"text/plain", b"", b"\xff", b"TEXT/EVENT-STREAM ; charset=utf-8"),
)
CODINGS: Final[Mapping[bytes, Callable[[bytes], bytes]]] = {
    b"gzip": lambda data: zlib.compress(data, 1, 31),
    b"deflate": lambda data: zlib.compress(data, 1),
    b"DEFLATE": lambda data: zlib.compress(data, 1, -15),
    b"br": lambda data: brotli.compress(data, quality=1),
    b"zstd": zstandard.ZstdCompressor(level=1).compress,
    b"x-gzip": lambda data: zlib.compress(data[: len(data) // 2], 1, 31) + zlib.compress(data, 1, 31),
    b"gzip, br": lambda data: data,
    b"identity": lambda data: data,
    b"none": lambda data: data,
}
AMAZON_HEADERS: Final = (
    (b"x-amzn-bedrock-input-token-count", b"7"),
    (b"X-Amzn-Bedrock-Output-Token-Count", b"-1"),
    (b"x-amzn-bedrock-cache-read-input-token-count", b"9" * 5_000),
    (b"x-amzn-errortype", b"ThrottlingException:http://\xff"),
)
STATUSES: Final = (200, 200, 200, 400, 401, 404, 408, 413, 429, 500, 502, 503, 504, 529, 204, 301, 100, 999)
ESTIMATES: Final = ("off", "off", "events", "characters")
PIECE_BYTES: Final = (1, 2, 3, 7, 64, 1_000)
MAX_PIECES: Final = 3_000
"""Most pieces that a body is cut into."""


class CaseMaker:
    """Draw cases.

    targets: what a case may be for, each as often as it is listed.
    """

    def __init__(self, random: Random, corpus: Corpus, targets: Sequence[str]) -> None:
        self._random = random
        self._corpus = corpus
        self._targets = targets
        self._words = json_words(words())

    def draw(self) -> tuple[Case, Case]:
        """Return a case, then what to keep of it if it shows something new: its body before it was encoded."""
        random = self._random
        parent = self._corpus.any(random)
        body = self._changed(parent.body, random.choice((0, 1, 1, 2, 3, 6)))
        asked = (
            parent.asked if random.random() < 0.7 else self._changed(parent.asked, random.choice((1, 1, 3)))
        )
        kept = replace(
            parent,
            target=random.choice(self._targets),
            path=parent.path if random.random() < 0.85 else random.choice(PATHS),
            asked=asked,
            body=body,
            status=parent.status if random.random() < 0.9 else random.choice(STATUSES),
            headers=self._headers(parent.headers),
            estimate=random.choice(ESTIMATES),
            injects_usage=random.random() < 0.3,
        )
        case = self._encoded(kept) if random.random() < 0.08 else kept
        return self._cut(case), kept

    def _changed(self, data: bytes, times: int) -> bytes:
        for _ in range(times):
            data = self._changed_once(data)
        return data

    def _changed_once(self, data: bytes) -> bytes:
        random = self._random
        chance = random.random()
        if chance < 0.08:
            return spliced(random, data, self._corpus.any(random).body)
        if data[:1] == b"\0" and chance < 0.7:
            return changed_message(random, data, self._changed_text)[:MAX_BYTES]
        return self._changed_text(data)

    def _changed_text(self, data: bytes) -> bytes:
        if self._random.random() < 0.55:
            return changed_json(self._random, data, self._words)[:MAX_BYTES]
        return changed_bytes(self._random, data)

    def _headers(self, headers: Headers) -> Headers:
        random = self._random
        if random.random() < 0.1:
            headers = ((b"Content-Type", random.choice(CONTENT_TYPES)), *headers[1:])
        if random.random() < 0.05:
            headers = headers[1:]
        return headers if random.random() < 0.97 else (*headers, random.choice(AMAZON_HEADERS))

    def _encoded(self, case: Case) -> Case:
        random = self._random
        coding = random.choice(list(CODINGS))
        body = CODINGS[coding](case.body)
        if random.random() < 0.4:
            body = changed_bytes(random, body)
        return replace(case, body=body, headers=(*case.headers, (b"content-encoding", coding)))

    def _cut(self, case: Case) -> Case:
        random = self._random
        length = len(case.body)
        if random.random() < 0.5:
            size = max(random.choice(PIECE_BYTES), -(-length // MAX_PIECES))
            cuts = range(random.randrange(size) or size, length, size)
            return replace(case, cuts=tuple(cuts), folds=self._folds(len(cuts) + 1))
        places: set[int] = set()
        for _ in range(random.choice((0, 1, 2, 5, 20))):
            places.update(slice_of(random, case.body))
        return replace(case, cuts=tuple(sorted(places)), folds=self._folds(len(places) + 1))

    def _folds(self, pieces: int) -> tuple[int, ...]:
        random = self._random
        count = random.choice((0, 0, 1, 3))
        return tuple(sorted({random.randrange(pieces) for _ in range(count)}))
