"""Tests of masking secrets; the secrets here are made up."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tokenpulse_shared.records import MAX_ERROR_MESSAGE_CHARACTERS
from tokenpulse_shared.redact import masked_error, masked_url


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (
            "Incorrect API key provided: sk-proj-abcDEF123456. Find yours",
            "Incorrect API key provided: *** Find yours",
        ),
        ("key sk-ant-api03-ABCDEF_12345 failed", "key *** failed"),
        ("key gsk_abcdefghij, xai-abcdefghij", "key ***, ***"),
        ("Authorization: Bearer abc.def-ghi", "Authorization: Bearer ***"),
        ("authorization: Basic QWxhZGRpbjpvcGVu", "authorization: Basic ***"),
        ("x-api-key: 0123456789", "x-api-key: ***"),
        ("{\"api_key\": \"abcdef\", 'password': 'hunter2'}", "{\"api_key\": \"***\", 'password': '***'}"),
        ("https://user:pass@host/v1", "https://***@host/v1"),
        ("GET /v1?api_key=abcdef&x=1", "GET /v1?api_key=***&x=1"),
        ("key AIzaSyA1234567890123456789 denied", "key *** denied"),
        ("AKIAIOSFODNN7EXAMPLE", "***"),
        ("jwt eyJhbGciOiJIUzI1NiJ9.eyJzdWIi.c2ln", "jwt ***"),
        ("max_tokens: 4096 is too large", "max_tokens: 4096 is too large"),
        ("Rate limit reached for gpt-4o", "Rate limit reached for gpt-4o"),
    ],
)
def test_secrets_are_masked(text: str, masked: str) -> None:
    """Keys, tokens, passwords and logins go; what else the vendor says stays."""
    assert masked_error(text) == masked


def test_text_is_bounded_and_safe() -> None:
    """At most 500 characters, none that cannot be kept; a secret past the cut does not show in part."""
    assert masked_error("x" * 10_000) == "x" * MAX_ERROR_MESSAGE_CHARACTERS
    assert masked_error("a\nb\x00c\ud800d\u202ee") == "a\ufffdb\ufffdc\ufffdd\ufffde"
    assert "hunter" not in masked_error("x" * 490 + " password=hunter2hunter2")


@pytest.mark.parametrize(
    "piece",
    ["x", "a:", "token ", "api", "eyJ-", "://", "://a:", "bearer ", "sk-", "password=", "-", "@", "AIza"],
)
def test_no_text_takes_long(piece: str) -> None:
    """Masking happens where a request ends: however a text repeats itself, it takes milliseconds."""
    began = time.process_time()
    masked_error(piece * 10_000)

    assert time.process_time() - began < 0.1


@settings(deadline=None)
@given(st.text(alphabet=st.characters(codec=None), max_size=600))
def test_any_text_can_be_kept(text: str) -> None:
    """Whatever comes in, what comes out is valid UTF-8 within the bound."""
    masked = masked_error(text)

    assert len(masked.encode()) <= 4 * MAX_ERROR_MESSAGE_CHARACTERS
    assert len(masked) <= MAX_ERROR_MESSAGE_CHARACTERS


@pytest.mark.parametrize(
    ("url", "masked"),
    [
        ("redis://localhost:6379/0", "redis://localhost:6379/0"),
        ("redis://:secret@host:1/0", "redis://:***@host:1/0"),
        ("rediss://user:secret@host", "rediss://user:***@host"),
        ("redis://user@host", "redis://user@host"),
        ("redis://:se/cr@et@host:1/0", "redis://:***@host:1/0"),
        ("redis://:secret@host:notaport", "redis://:***@host:notaport"),
        ("unix://:secret@/tmp/redis.sock?db=2", "unix://:***@/tmp/redis.sock?db=2"),
        ("redis://host/0?password=secret&db=2", "redis://host/0?password=***&db=2"),
        ("redis://[::1", "redis://[::1"),
        ("memory://", "memory://"),
        ("user:secret@host:6379", "***"),
        ("", "***"),
    ],
)
def test_a_urls_password_is_masked(url: str, masked: str) -> None:
    """Only the password goes, wherever it stands; what is no URL goes whole."""
    assert masked_url(url) == masked
