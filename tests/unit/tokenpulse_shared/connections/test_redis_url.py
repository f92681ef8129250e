"""Tests of which Redis URLs are taken."""

import pytest

from tokenpulse_shared.connections.redis_url import check_redis_url, is_memory_url


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost", "redis://localhost:6379", "redis://localhost:6379/", "redis://:p@localhost:6379/15",
        "rediss://user:p@host/1?ssl_cert_reqs=none", "redis://[::1]:6379/0", "unix:///run/redis.sock",
        "unix://:p@/run/redis.sock?db=1", "memory://", "memory://name",
    ],
)  # fmt: skip
def test_usable_urls_pass_unchanged(url: str) -> None:
    """What a client can be made from comes back as it is."""
    assert check_redis_url(url) == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("localhost:6379", "redis://host:port/db"),
        ("http://localhost", "redis://host:port/db"),
        ("redis://", "redis://host:port/db"),
        ("redis:///0", "redis://host:port/db"),
        ("redis://host:0/0", "redis://host:port/db"),
        ("unix://", "redis://host:port/db"),
        ("redis://host:99999/0", "a port from 0 to 65535"),
        ("redis://host:secret", "a port from 0 to 65535"),
        ("redis://[::1", "a port from 0 to 65535"),
        ("redis://host/cache", "a database number"),
        ("redis://host/-1", "a database number"),
    ],
)
def test_unusable_urls_name_what_was_expected(url: str, expected: str) -> None:
    """The error says what is taken, and does not repeat what was given."""
    with pytest.raises(ValueError, match=expected):
        check_redis_url(url)


def test_an_unusable_url_is_not_repeated() -> None:
    """The error does not hold what was given: it may hold a password."""
    with pytest.raises(ValueError) as caught:
        check_redis_url("redis://:secret@host/cache")

    assert "secret" not in str(caught.value)


def test_memory_urls_are_told_apart() -> None:
    """Only the scheme decides."""
    assert is_memory_url("memory://")
    assert not is_memory_url("redis://memory")
