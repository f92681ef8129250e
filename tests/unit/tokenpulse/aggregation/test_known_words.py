"""Tests of the bound on words from upstream."""

from tokenpulse.aggregation.known_words import MAX_WORD_CHARACTERS, KnownWords


def test_the_first_words_are_told_apart_the_rest_is_other() -> None:
    """Known words go on after the bound is reached; nothing is kept of further ones."""
    words = KnownWords(3, ["always"])

    assert [words[word] for word in ("a", "b", "c", "a", "always", "d")] == [
        "a", "b", "other", "a", "always", "other",
    ]  # fmt: skip
    assert len(words) == 3


def test_long_words_are_cut() -> None:
    """Words that begin alike are one, and take one place."""
    words = KnownWords(2)
    long = "x" * MAX_WORD_CHARACTERS

    assert [words[long + tail] for tail in ("1", "2", "")] == [long] * 3
    assert list(words) == [long]
    assert words["y" * 100] == "y" * MAX_WORD_CHARACTERS
    assert words["z"] == "other"
