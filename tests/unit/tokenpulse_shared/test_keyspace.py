"""Keys: the documented names, no collisions, nothing a caller can steer."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.crc import key_slot

from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.keyspace import (
    Keyspace,
    Window,
    decode_name,
    encode_name,
    parse_stamp,
    parse_window,
    stamp,
)

KEYS = Keyspace()
NAMES = st.text(st.characters(exclude_categories=("Cs",)), max_size=20)
AWKWARD = st.one_of(NAMES, st.text(st.sampled_from("a:{}% *\n3A/"), max_size=8))
MOMENT = 1_795_223_100  # 2026-11-21 01:05:00 UTC


def test_the_documented_keys() -> None:
    """Dashboards and scripts of others read these."""
    assert KEYS.counters("openai", None, "2026-11-21:01") == "tokenpulse:metrics:{openai}:2026-11-21:01"
    assert (
        KEYS.counters("openai", "a:b", "2026-11-21:01:05")
        == "tokenpulse:metrics:{openai}:a%3Ab:2026-11-21:01:05"
    )
    assert KEYS.sketch("latency", "p", "m/x", "2026-11-21:01") == "tokenpulse:latency:{p}:m/x:2026-11-21:01"
    assert KEYS.sealed_minutes("p", None, "2026-11-21:01") == "tokenpulse:minutes:{p}:2026-11-21:01"
    assert KEYS.sealed_hours("p", "m", "2026-11-21") == "tokenpulse:hours:{p}:m:2026-11-21"
    assert KEYS.open_windows("p") == "tokenpulse:windows:{p}"
    assert KEYS.totals("p") == "tokenpulse:totals:{p}"
    assert KEYS.totals("p", "m") == "tokenpulse:totals:{p}:m"
    assert KEYS.errors("p") == "tokenpulse:errors:{p}"
    assert KEYS.circuit("p", "m") == "tokenpulse:circuit:{p}:m"
    assert KEYS.models("p") == "tokenpulse:models:{p}"
    assert KEYS.providers() == "tokenpulse:providers"
    assert KEYS.provider_health() == "tokenpulse:provider_health"
    assert KEYS.health_scores_current() == "tokenpulse:provider_health_scores_current"
    board = "tokenpulse:provider_health_scores_current"
    assert KEYS.health_lease() == f"tokenpulse:health_lease:{{{board}}}"
    assert KEYS.health_term() == f"tokenpulse:health_term:{{{board}}}"
    assert KEYS.provider_health_guard() == "tokenpulse:health_guard:{tokenpulse:provider_health}"
    assert KEYS.gateways() == "tokenpulse:gateways"
    assert KEYS.gateway_hour("g", "2026-11-21:01") == "tokenpulse:gateway:{g}:2026-11-21:01"
    assert KEYS.gateway_models("g", "2026-11-21:01") == "tokenpulse:gateway_models:{g}:2026-11-21:01"
    assert KEYS.gateway_guard("g") == "tokenpulse:gateway_totals:{g}"
    assert KEYS.apps() == "tokenpulse:apps"
    assert KEYS.http_totals("app") == "tokenpulse:http:{app}"
    assert KEYS.writers("app") == "tokenpulse:writers:{app}"
    assert KEYS.version() == "tokenpulse:version"
    assert Keyspace("x:").providers() == "x:providers"


def test_keys_of_one_script_share_a_slot() -> None:
    """Those of the health scores have no provider to share one by."""
    board = key_slot(KEYS.health_scores_current().encode())

    assert key_slot(KEYS.health_lease().encode()) == key_slot(KEYS.health_term().encode()) == board
    assert key_slot(KEYS.provider_health_guard().encode()) == key_slot(KEYS.provider_health().encode())


@given(AWKWARD, AWKWARD, AWKWARD, AWKWARD)
def test_no_two_names_build_the_same_key(first: str, model: str, second: str, other: str) -> None:
    """`a:b` + `c` is not `a` + `b:c`."""
    one = KEYS.counters(first, model, "2026-11-21:01")
    another = KEYS.counters(second, other, "2026-11-21:01")
    assert (one == another) == ((first, model) == (second, other))


@given(AWKWARD, AWKWARD)
def test_a_name_cannot_steer_the_slot(provider: str, model: str) -> None:
    """The hash tag is the encoded provider, whatever the names hold."""
    for key in (
        KEYS.counters(provider, model, "2026-11-21:01"),
        KEYS.circuit(provider, model),
        KEYS.errors(provider),
    ):
        assert key[key.index("{") + 1 : key.index("}")] == encode_name(provider)
        assert key.count("{") == key.count("}") == 1


@given(AWKWARD)
def test_names_survive_encoding(name: str) -> None:
    """What separates, and what controls, is gone from the key."""
    encoded = encode_name(name)
    assert decode_name(encoded) == name
    assert re.search(r"[\x00-\x20:{}\x7f]", encoded) is None


@given(AWKWARD, st.sampled_from(["minute", "hour"]))
def test_windows_survive_their_index(model: str, granularity: str) -> None:
    """The member that lists an open window gives back its model and stamp."""
    at = stamp(granularity, MOMENT)  # type: ignore[arg-type]  # sampled from the literals
    assert parse_window(KEYS.window_member(model, at)) == Window(model, at)
    assert parse_window(KEYS.window_member(None, at)) == Window(None, at)


@pytest.mark.parametrize(
    "member", ["", "x", "2026-11-21", "m:2026-11-21", "a:b:2026-11-21:01", "2026-11-21:01:05:07"]
)
def test_what_is_no_window_is_none(member: str) -> None:
    """Somebody else's member is skipped, not guessed."""
    assert parse_window(member) is None


@pytest.mark.parametrize(
    ("granularity", "text", "start"),
    [
        ("minute", "2026-11-21:01:05", MOMENT),
        ("hour", "2026-11-21:01", MOMENT - 300),
        ("day", "2026-11-21", MOMENT - 3900),
    ],
)
def test_stamps(granularity: str, text: str, start: int) -> None:
    """UTC, whatever the machine's zone; the start of the window."""
    assert stamp(granularity, MOMENT + 59.9) == text  # type: ignore[arg-type]  # parametrised with the literals
    assert parse_stamp(text) == (granularity, start)


@pytest.mark.parametrize(
    "text", ["", "x", "2026-13-01", "2026-11-21:24", "2026-11-21 01", "2026-11-21:01:05:07"]
)
def test_what_is_no_stamp_raises(text: str) -> None:
    """`ValueError`, nothing else."""
    with pytest.raises(ValueError):
        parse_stamp(text)


@pytest.mark.parametrize("prefix", ["", "a b:", "{x}:", "*", "a\n", "\x00"])
def test_a_prefix_that_cannot_be_is_refused(prefix: str) -> None:
    """It would steer slots or match other keys."""
    with pytest.raises(SettingsError, match="TOKENPULSE_KEY_PREFIX"):
        Keyspace(prefix)
