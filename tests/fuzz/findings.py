"""Keep what fuzzing found: one file for each kind of failure, with the case that shows it."""

import hashlib
import re
from pathlib import Path

import orjson

from tests.fuzz.broken import kind_of
from tests.fuzz.case import Case, to_json

MAX_DETAIL_CHARACTERS = 4_000


class Findings:
    """Write findings into a folder, which is made when the first one comes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.counts: dict[str, int] = {}
        """How often each kind came."""

    def is_new(self, case: Case, error: Exception) -> bool:
        """Count a failure; tell whether it is the first of its kind."""
        name = _name_of(case, error)
        self.counts[name] = self.counts.get(name, 0) + 1
        return self.counts[name] == 1

    def write(self, case: Case, error: Exception) -> Path:
        """Write a case with what it raised; return the file."""
        self._folder.mkdir(parents=True, exist_ok=True)
        name = _name_of(case, error)
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower())[:60].strip("-")
        path = self._folder / f"{slug}-{hashlib.sha256(name.encode()).hexdigest()[:8]}.json"
        told = {"kind": name, "detail": str(error)[:MAX_DETAIL_CHARACTERS], "case": to_json(case)}
        path.write_bytes(orjson.dumps(told, option=orjson.OPT_INDENT_2))
        return path


def _name_of(case: Case, error: Exception) -> str:
    return f"{case.target}: {kind_of(error)}"
