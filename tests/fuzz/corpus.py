"""Keep the inputs that showed something new, to go on from them.

Bounds: `MAX_CASES` inputs of at most `MAX_KEPT_BYTES`; beyond, a new one takes the place of a random one.
"""

import hashlib
from collections.abc import Hashable, Iterable
from pathlib import Path
from random import Random
from typing import Final

import orjson

from tests.fuzz.case import Case, read_case, to_json

MAX_CASES: Final = 8_192
MAX_KEPT_BYTES: Final = 8 * 1024


class Corpus:
    """Hold inputs, and what they have shown.

    seeds: at least one. folder: where new ones are written, None: nowhere; those already there are taken.
    """

    def __init__(self, seeds: Iterable[Case], folder: Path | None) -> None:
        self._cases = list(seeds)
        self._shown: set[Hashable] = set()
        self._folder = folder
        if folder is not None:
            folder.mkdir(parents=True, exist_ok=True)
            self._cases += [read_case(path.read_bytes()) for path in sorted(folder.glob("*.json"))]

    def __len__(self) -> int:
        return len(self._cases)

    def any(self, random: Random) -> Case:
        """Return one of the inputs; the latest more often, for they are less worn."""
        if random.random() < 0.3:
            return self._cases[-1 - random.randrange(min(len(self._cases), 64))]
        return random.choice(self._cases)

    def show(self, sign: Hashable, case: Case, random: Random) -> None:
        """Keep an input if its sign is new."""
        if sign in self._shown:
            return
        self._shown.add(sign)
        if len(case.body) + len(case.asked) > MAX_KEPT_BYTES:
            return
        if len(self._cases) < MAX_CASES:
            self._cases.append(case)
        else:
            self._cases[random.randrange(MAX_CASES)] = case
        if self._folder is not None:
            content = orjson.dumps({"case": to_json(case)})
            name = hashlib.sha256(content).hexdigest()[:16]
            (self._folder / f"{name}.json").write_bytes(content)
