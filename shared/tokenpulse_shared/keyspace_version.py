"""Say which versions of the keyspace this release reads, and which it writes.

The keys' layout has a version, kept in Redis under `Keyspace.version`. A release reads its own version and the one
before, so that readers can be updated first; it writes its own only, and leaves a newer one alone.
"""

from typing import Final

from tokenpulse_shared.errors import KeyspaceVersionError

KEYSPACE_VERSION: Final = 1
OLDEST_READABLE_VERSION: Final = KEYSPACE_VERSION - 1


def parse_version(stored: object) -> int | None:
    """Return the version a reply to GET holds; None when there is none yet.

    Raises:
        KeyspaceVersionError: the key holds something else.
    """
    if stored is None:
        return None
    if not isinstance(stored, bytes) or not stored.isdigit() or len(stored) > 9:
        raise KeyspaceVersionError("the keyspace's version is not a number")
    return int(stored)


def check_readable(stored: object) -> None:
    """Pass when a reader of this release understands the keyspace.

    Raises:
        KeyspaceVersionError: it does not.
    """
    version = parse_version(stored)
    if version is None:
        return
    check_not_newer(version)
    if version < OLDEST_READABLE_VERSION:
        raise KeyspaceVersionError(f"keyspace version {version} is older than {OLDEST_READABLE_VERSION}")


def check_not_newer(version: int) -> None:
    """Pass when a release of this version may write the keyspace.

    Raises:
        KeyspaceVersionError: a newer release wrote it.
    """
    if version > KEYSPACE_VERSION:
        raise KeyspaceVersionError(f"keyspace version {version} is newer than {KEYSPACE_VERSION}")
