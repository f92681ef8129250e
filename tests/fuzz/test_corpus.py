"""The corpus keeps what is new, bounded, also between runs."""

from pathlib import Path
from random import Random

import pytest

from tests.fuzz import corpus as corpus_module
from tests.fuzz.case import Case
from tests.fuzz.corpus import MAX_KEPT_BYTES, Corpus

SEED = Case("answer", "/v1/messages", b"{}", b"a")


def test_only_what_is_new_is_kept() -> None:
    """Of two inputs with the same sign the first is kept; a long one only counts as seen."""
    corpus = Corpus([SEED], None)
    corpus.show("a", Case("answer", "/v1/messages", b"", b"b"), Random(1))
    corpus.show("a", Case("answer", "/v1/messages", b"", b"c"), Random(1))
    corpus.show("b", Case("answer", "/v1/messages", b"", b"d" * (MAX_KEPT_BYTES + 1)), Random(1))

    assert len(corpus) == 2
    assert {corpus.any(Random(seed)).body for seed in range(50)} == {b"a", b"b"}


def test_new_inputs_are_there_in_the_next_run(tmp_path: Path) -> None:
    """What one run keeps in its folder, the next one begins with."""
    kept = Case("answer", "/v1/messages", b"", b"b", cuts=(1,))
    Corpus([SEED], tmp_path / "new").show("a", kept, Random(1))
    again = Corpus([SEED], tmp_path / "new")

    assert len(again) == 2
    assert kept in [again.any(Random(seed)) for seed in range(20)]


def test_the_corpus_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """When it is full, a new input takes the place of another."""
    monkeypatch.setattr(corpus_module, "MAX_CASES", 3)
    corpus = Corpus([SEED], None)
    for number in range(20):
        corpus.show(number, Case("answer", "/v1/messages", b"", b"%d" % number), Random(number))

    assert len(corpus) == 3
