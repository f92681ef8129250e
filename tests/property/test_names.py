"""Properties of names from callers: clean, apart from each other, in their provider's slot, whatever they hold."""

import string
from collections.abc import Callable
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from redis.crc import key_slot

from tokenpulse.requests.naming import Naming
from tokenpulse_shared.keyspace import Keyspace, Window, decode_name, encode_name, parse_window
from tokenpulse_shared.names import MAX_NAME_CHARACTERS, clean_name, printable
from tokenpulse_shared.redact import MASK, masked_name

KEYS: Final = Keyspace()
HOUR: Final = "2026-11-21:01"
DAY: Final = "2026-11-21"

SEPARATORS: Final = st.text(st.sampled_from("a:{}%*\n\0 /3A\ud800\u202e|[]?"), max_size=12)
CONFUSABLES: Final = st.sampled_from(
    ["gpt-4o", "gрt-4o", "gpt‐4o", "ｇpt-4o", "gpt-4ο", "GPT-4o", "gpt-4o\u200b"]
)
"""`gpt-4o` with a Cyrillic р, a hyphen of its own, a wide g, a Greek ο, in capitals, with a space of no width."""
STAMPLIKE: Final = st.sampled_from(
    [HOUR, DAY, f"m:{HOUR}", "%", "%25", "", "__other__", "unknown", "{}", "{a}"]
)
LONG: Final = st.tuples(st.sampled_from("x:{%é\n"), st.integers(190, 5000), st.text(max_size=2)).map(
    lambda drawn: drawn[0] * drawn[1] + drawn[2]
)
NAMES: Final = st.one_of(
    st.text(st.characters(codec=None), max_size=30), SEPARATORS, CONFUSABLES, STAMPLIKE, LONG
)
CLEAN: Final = NAMES.map(clean_name)

PROVIDERS_KEYS: Final[tuple[Callable[[str, str], str], ...]] = (
    lambda provider, model: KEYS.counters(provider, model, HOUR),
    lambda provider, model: KEYS.counters(provider, None, HOUR),
    lambda provider, model: KEYS.counters(provider, model, DAY),
    lambda provider, model: KEYS.sketch("latency", provider, model, HOUR),
    lambda provider, model: KEYS.sketch("ttft", provider, None, HOUR),
    lambda provider, model: KEYS.sealed_minutes(provider, model, HOUR),
    lambda provider, model: KEYS.sealed_minutes(provider, None, HOUR),
    lambda provider, model: KEYS.sealed_hours(provider, model, DAY),
    lambda provider, model: KEYS.open_windows(provider),
    lambda provider, model: KEYS.totals(provider),
    lambda provider, model: KEYS.totals(provider, model),
    lambda provider, model: KEYS.errors(provider),
    lambda provider, model: KEYS.circuit(provider, model),
    lambda provider, model: KEYS.models(provider),
)


@given(NAMES)
def test_a_clean_name_can_be_kept_anywhere(name: str) -> None:
    """Short, valid UTF-8, printable; cleaned again it is the same."""
    cleaned = clean_name(name)

    assert len(cleaned) <= MAX_NAME_CHARACTERS
    assert cleaned.encode().decode() == cleaned == printable(cleaned) == clean_name(cleaned)


@given(NAMES)
def test_a_name_that_needs_no_cleaning_stays(name: str) -> None:
    """Confusable letters are somebody's letters: nothing is folded, nothing normalised."""
    if len(name) <= MAX_NAME_CHARACTERS and name.isprintable():
        assert clean_name(name) == name


@pytest.mark.parametrize("characters", [201, 10_000, 1_000_000])
def test_long_names_that_begin_alike_stay_apart(characters: int) -> None:
    """A name of a megabyte is short, and differs from one that differs at its end, or is longer by one."""
    long = "m" * characters

    assert len({clean_name(name) for name in (long, long[:-1] + "n", long + "m", "n" + long[1:])}) == 4
    assert all(len(clean_name(name)) == MAX_NAME_CHARACTERS for name in (long, long + "m"))
    assert clean_name(long).startswith("m" * 183 + "~")


@settings(max_examples=300)
@given(CLEAN, CLEAN, CLEAN, CLEAN, st.sampled_from(PROVIDERS_KEYS), st.sampled_from(PROVIDERS_KEYS))
def test_no_two_series_share_a_key(
    provider: str,
    model: str,
    other_provider: str,
    other_model: str,
    key: Callable[[str, str], str],
    other_key: Callable[[str, str], str],
) -> None:
    """Keys of any two kinds are the same only for the same kind and the same names."""
    one, another = key(provider, model), other_key(other_provider, other_model)
    if key is not other_key or provider != other_provider:
        assert one != another
    elif one == another:
        assert model == other_model or key("p", "a") == key("p", "b")  # a key without the model


@settings(max_examples=300)
@given(CLEAN, CLEAN)
def test_all_keys_of_a_provider_share_its_slot(provider: str, model: str) -> None:
    """The slot is that of the provider's encoded name alone: no model, no brace in a name steers it."""
    slot = key_slot(encode_name(provider).encode())
    for key in PROVIDERS_KEYS:
        assert key_slot(key(provider, model).encode()) == slot


@given(CLEAN, CLEAN)
def test_names_come_back_from_their_keys(provider: str, model: str) -> None:
    """Encoding is undone exactly, also within the index of open windows."""
    assert (decode_name(encode_name(provider)), decode_name(encode_name(model))) == (provider, model)
    assert parse_window(KEYS.window_member(model, HOUR)) == Window(model, HOUR)
    assert encode_name(provider) != ""


@given(NAMES)
def test_a_callers_model_always_has_names(model: str) -> None:
    """Whatever a request names, provider and model are not empty, clean, and found again the same."""
    naming = Naming(None, None)
    for _ in range(2):
        names = naming.find({}, None, model, None)  # type: ignore[arg-type]  # nothing to report

        assert names.provider == clean_name(names.provider) != ""
        assert names.model == clean_name(names.model) != ""


@given(
    st.text(string.ascii_letters + string.digits, min_size=40, max_size=60),
    st.sampled_from(["sk-", "sk-proj-", "gsk_"]),
)
def test_a_key_sent_as_the_model_is_no_name(body: str, prefix: str) -> None:
    """A caller who mixes up two fields does not find the key among the labels."""
    assert masked_name(f"{prefix}{body}7") == MASK


@pytest.mark.parametrize(
    "name",
    [
        "gpt-4o",
        "openai/gpt-4o-mini-2024-07-18",
        "accounts/fireworks/models/llama-v3p1-405b-instruct",
        "meta-llama/Llama-4-Maverick-17B-128E-Instruct-FP8",
        "anthropic.claude-3-5-sonnet-20241022-v2:0",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.anthropic.claude-sonnet-4-20250514-v1:0",
        "hf.co/bartowski/Llama-3.2-3B-Instruct-GGUF:Q4_K_M",
        "ft:gpt-4o-mini-2024-07-18:acme:support:AbCd1234",
        "sk-learn-like-model-name-without-digits",
        "@cf/meta/llama-3.3-70b-instruct-fp8-fast",
    ],
)
def test_a_models_name_is_no_key(name: str) -> None:
    """Ids as vendors give them are kept whole."""
    assert masked_name(name) == clean_name(name) == name
