"""Tests of where settings come from and which values are taken."""

from dataclasses import fields
from typing import Any

import pytest

from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.settings import ENVIRONMENT_PREFIX, Settings


def test_defaults_pass_their_own_checks() -> None:
    """Every default is a value the setting would take, and says what it is for."""
    defaults = Settings.load({})
    for item in fields(Settings):
        assert item.metadata["help"]
        assert item.metadata["used_by"] in {"middleware", "reader", "both"}
        if item.default is not None:
            assert item.metadata["parse"](item.default) == getattr(defaults, item.name)


def test_given_beats_environment_beats_default() -> None:
    """The constructor wins over the variable, None means not given."""
    environment = {"TOKENPULSE_APP_NAME": " shop ", "TOKENPULSE_PORT": "0"}

    assert Settings.load(environment).app_name == "shop"
    assert Settings.load(environment, app_name="cart").app_name == "cart"
    assert Settings.load(environment, app_name=None).app_name == "shop"
    assert Settings.load(environment).port == 0
    assert Settings.load({}).app_name == "app"


@pytest.mark.parametrize(
    ("environment", "url"),
    [
        ({}, "redis://localhost:6379/0"),
        ({"REDIS_URL": "redis://a"}, "redis://a"),
        ({"REDIS_URL": "redis://a", "TOKENPULSE_REDIS_URL": "redis://b", "REDIS_HOST": "c"}, "redis://b"),
        ({"REDIS_URL": "", "REDIS_HOST": "c"}, "redis://c:6379/0"),
        (
            {"REDIS_HOST": "c", "REDIS_PORT": "7000", "REDIS_PASSWORD": "p/w:@", "REDIS_DB": "2"},
            "redis://:p%2Fw%3A%40@c:7000/2",
        ),
        ({"REDIS_PORT": "7000", "REDIS_PASSWORD": "p"}, "redis://localhost:6379/0"),
    ],
)
def test_the_connection_has_older_names_as_well(environment: dict[str, str], url: str) -> None:
    """REDIS_URL, else REDIS_HOST with its companions, else localhost."""
    assert Settings.load(environment).redis_url == url


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("redis_url", "http://x", "redis://host:port/db"),
        ("redis_url", "  ", "text that is not empty"),
        ("key_prefix", "a b", "printable text without spaces"),
        ("key_prefix", 5, "text that is not empty"),
        ("flush_interval", "fast", "seconds from 0.05 to 60"),
        ("flush_interval", "nan", "seconds from 0.05 to 60"),
        ("flush_interval", 0.04, "seconds from 0.05 to 60"),
        ("flush_interval", True, "seconds from 0.05 to 60"),
        ("flush_interval", [], "seconds from 0.05 to 60"),
        ("max_providers", 0, "a whole number from 1 to 10000"),
        ("max_providers", 10_001, "a whole number from 1 to 10000"),
        ("max_providers", 1.5, "a whole number from 1 to 10000"),
        ("max_providers", True, "a whole number from 1 to 10000"),
        ("max_providers", "ten", "a whole number from 1 to 10000"),
        ("max_providers", [], "a whole number from 1 to 10000"),
        ("raise_internal_errors", "maybe", "true or false"),
        ("port", 65536, "a whole number from 0 to 65535"),
        ("provider_header", 7, "text that is not empty"),
    ],
)
def test_a_wrong_value_stops_the_start(name: str, value: Any, expected: str) -> None:
    """The error names what was set, its value and what was expected, from the constructor or the environment."""
    with pytest.raises(SettingsError, match=expected) as caught:
        Settings.load({}, **{name: value})
    assert str(caught.value).startswith(f"{name}=")

    variable = ENVIRONMENT_PREFIX + name.upper()
    if isinstance(value, str):
        with pytest.raises(SettingsError, match=expected) as caught:
            Settings.load({variable: value})
        assert caught.value.name == variable


@pytest.mark.parametrize(
    ("word", "value"), [("1", True), ("Yes", True), (True, True), ("off", False), (0, False)]
)
def test_booleans_have_many_words(word: Any, value: bool) -> None:
    """The usual words of environments are taken."""
    assert Settings.load({}, allow_open=word).allow_open is value


def test_numbers_come_as_text_or_numbers() -> None:
    """A variable's text and a constructor's number give the same value."""
    assert Settings.load({"TOKENPULSE_MAX_PROVIDERS": "7"}) == Settings.load({}, max_providers=7)
    assert Settings.load({"TOKENPULSE_FLUSH_INTERVAL": "0.5"}) == Settings.load({}, flush_interval=0.5)


def test_an_empty_optional_variable_is_not_set() -> None:
    """An empty token is no token."""
    assert Settings.load({"TOKENPULSE_API_TOKEN": ""}).api_token is None


def test_an_unknown_name_is_an_error() -> None:
    """A misspelt setting is not passed over in silence."""
    with pytest.raises(SettingsError, match=r"one of the settings .*flush_interval"):
        Settings.load({}, flush_intervall=1)


def test_secrets_are_not_shown() -> None:
    """Neither the representation nor an error holds a password or a token."""
    settings = Settings.load({}, redis_url="redis://:secret@host/0", api_token="secret")

    assert "secret" not in repr(settings)
    assert "redis_url='redis://:***@host/0'" in repr(settings)
    assert "api_token='***'" in repr(settings)
    assert "api_token=None" in repr(Settings.load({}))
    for wrong in ("redis://:secret@host/cache", "redis://:sec/ret@host", "user:secret@host"):
        with pytest.raises(SettingsError) as caught:
            Settings.load({"REDIS_URL": wrong})
        assert "secret" not in str(caught.value)
        assert "sec/ret" not in str(caught.value)
    with pytest.raises(SettingsError) as caught:
        Settings.load({}, api_token=["secret"])
    assert "secret" not in str(caught.value)
