"""Tests of making names safe."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenpulse_shared.keyspace import Keyspace, encode_name
from tokenpulse_shared.names import MAX_NAME_CHARACTERS, UNKNOWN, clean_name, printable, provider_of_model

_ANY_TEXT = st.text(alphabet=st.characters(codec=None), max_size=MAX_NAME_CHARACTERS + 50)


@pytest.mark.parametrize(
    ("text", "safe"),
    [
        ("gpt-4o", "gpt-4o"),
        ("a b", "a b"),
        ("modèle–ü漢", "modèle–ü漢"),
        ("a\tb\x00\x7f\x85", "a\ufffdb\ufffd\ufffd\ufffd"),
        ("\ud800x\udfff", "\ufffdx\ufffd"),
        ("a\u2028b\u202ec\ufeff\u2066", "a\ufffdb\ufffdc\ufffd\ufffd"),
        ("", ""),
    ],
)
def test_unsafe_characters_are_replaced(text: str, safe: str) -> None:
    """Control, bidirectional and surrogate characters become U+FFFD, all else stays."""
    assert printable(text) == safe


@settings(deadline=None)
@given(_ANY_TEXT)
def test_any_name_can_be_kept(name: str) -> None:
    """A cleaned name is short, valid UTF-8, and does not change when cleaned again."""
    cleaned = clean_name(name)

    assert len(cleaned) <= MAX_NAME_CHARACTERS
    assert cleaned.encode().decode() == cleaned
    assert clean_name(cleaned) == cleaned


@settings(deadline=None)
@given(_ANY_TEXT, _ANY_TEXT, _ANY_TEXT, _ANY_TEXT)
def test_clean_names_that_differ_have_keys_that_differ(one: str, two: str, three: str, four: str) -> None:
    """No two pairs of names build one key, and no name leaves its hash tag."""
    keys = Keyspace()
    first, second = (clean_name(one), clean_name(two)), (clean_name(three), clean_name(four))

    assert (keys.totals(*first) == keys.totals(*second)) == (first == second)
    assert keys.totals(*first).partition("{")[2].partition("}")[0] == encode_name(first[0])


@pytest.mark.parametrize(
    ("model", "provider"),
    [
        ("openai/gpt-4o", "openai"),
        ("llama3:8b", "llama3"),
        ("openrouter/meta/llama:free", "openrouter"),
        ("gpt-4o", UNKNOWN),
        ("/gpt", UNKNOWN),
        (":8b", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_provider_of_a_model_id(model: str, provider: str) -> None:
    """The part before the first slash, else before the first colon, else unknown."""
    assert provider_of_model(model) == provider
