"""Exceptions that tokenpulse raises at its public edge.

TokenPulseError
├── SettingsError              a setting has a wrong value; names the variable, the value, the expectation
├── StoreError                 the store could not answer
│   └── StoreUnavailableError  Redis cannot be reached, or refused
│       └── KeyspaceVersionError  what is there was written by a release that this one does not understand
└── SealedRecordError          a packed window record cannot be decoded
"""


class TokenPulseError(Exception):
    """Root of every exception that tokenpulse raises on purpose."""


class SettingsError(TokenPulseError, ValueError):
    """Name a setting whose value cannot be used.

    The message holds the variable's name, the value as given (secrets masked) and what was expected.
    """

    def __init__(self, name: str, value: object, expected: str) -> None:
        self.name = name
        self.value = value
        self.expected = expected
        super().__init__(f"{name}={value!r}: expected {expected}")


class StoreError(TokenPulseError):
    """Say that the store could not answer."""


class StoreUnavailableError(StoreError):
    """Say that Redis cannot be reached, refused the connection, or did not answer in time."""


class KeyspaceVersionError(StoreUnavailableError):
    """Say which version the keyspace has, and which versions this release takes."""


class SealedRecordError(TokenPulseError, ValueError):
    """Say at which byte a packed window record stops making sense."""
