"""Tests of which versions of the keyspace are taken."""

import pytest

from tokenpulse_shared.connections.redis_failures import describe_failure
from tokenpulse_shared.errors import KeyspaceVersionError, StoreUnavailableError
from tokenpulse_shared.keyspace_version import (
    KEYSPACE_VERSION,
    check_not_newer,
    check_readable,
    parse_version,
)


def test_a_version_is_a_number_in_bytes() -> None:
    """None stands for a keyspace that has none yet."""
    assert parse_version(b"7") == 7
    assert parse_version(None) is None


@pytest.mark.parametrize("stored", [b"", b"x", b"1.0", b"-1", b"1" * 10, "1", 1, []])
def test_anything_else_is_refused(stored: object) -> None:
    """Whatever it is, it was not written by this release."""
    with pytest.raises(KeyspaceVersionError, match="is not a number"):
        parse_version(stored)


@pytest.mark.parametrize("stored", [None, b"%d" % KEYSPACE_VERSION, b"%d" % (KEYSPACE_VERSION - 1)])
def test_readers_take_their_version_and_the_one_before(stored: bytes | None) -> None:
    """So they can be updated before the writers, and the writers before them."""
    check_readable(stored)


def test_readers_refuse_what_is_newer_or_too_old(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message holds both versions."""
    with pytest.raises(StoreUnavailableError, match="keyspace version 2 is newer than 1"):
        check_readable(b"2")
    monkeypatch.setattr("tokenpulse_shared.keyspace_version.OLDEST_READABLE_VERSION", 1)
    with pytest.raises(StoreUnavailableError, match="keyspace version 0 is older than 1"):
        check_readable(b"0")


def test_writers_refuse_what_is_newer() -> None:
    """What they say of it in logs and statistics names both versions."""
    check_not_newer(KEYSPACE_VERSION)
    with pytest.raises(KeyspaceVersionError) as caught:
        check_not_newer(KEYSPACE_VERSION + 1)

    assert describe_failure(caught.value).text == "nothing is written: keyspace version 2 is newer than 1"
