"""Tests of reading bearer tokens from settings."""

import pytest

from tokenpulse_shared.access_tokens import METRICS_CATEGORIES, token_list, tokens_by_category
from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.settings import Settings


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("abc", ("abc",)),
        (" a , b,,a,", ("a", "b")),
        ("tökën=/+.~", ("tökën=/+.~",)),
    ],
)
def test_tokens_stand_between_commas(text: str, tokens: tuple[str, ...]) -> None:
    """Space around a token does not count, nor does giving it twice."""
    assert token_list(text) == tokens


@pytest.mark.parametrize("text", ["", " ", ",", "a b", "a\tb", "a,b\x00c", "a\u00a0b", "a\u200bb"])
def test_what_is_no_token(text: str) -> None:
    """White space and characters nobody sees are mistakes."""
    with pytest.raises(ValueError, match="without spaces"):
        token_list(text)


def test_categories_have_tokens() -> None:
    """A category named twice has two; a token may hold an equals sign."""
    assert tokens_by_category("providers=abc, models = d=f ,providers=xyz") == {
        "providers": ("abc", "xyz"),
        "models": ("d=f",),
    }


@pytest.mark.parametrize(
    "text", ["", "abc", "providers", "providers=", "=abc", "errors=abc", "all=a,", "all=a b"]
)
def test_what_is_no_pair(text: str) -> None:
    """The message names the categories."""
    with pytest.raises(ValueError, match=", ".join(METRICS_CATEGORIES)):
        tokens_by_category(text)


@pytest.mark.parametrize(
    ("variable", "value"),
    [("TOKENPULSE_API_TOKEN", "hush hush"), ("TOKENPULSE_METRICS_TOKENS", "everything=hush")],
)
def test_a_wrong_token_stops_the_start_without_being_shown(variable: str, value: str) -> None:
    """The error names the variable and what was expected."""
    with pytest.raises(SettingsError, match=variable) as caught:
        Settings.load({variable: value})

    assert "hush" not in str(caught.value)


def test_tokens_are_not_shown() -> None:
    """The representation of the settings holds none of them."""
    settings = Settings.load({}, api_token="hush,hash", metrics_tokens="models=hush")

    assert "hush" not in repr(settings)
    assert Settings.load({"TOKENPULSE_METRICS_TOKENS": ""}).metrics_tokens is None
