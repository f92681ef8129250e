"""Tell what is wrong from what the TLS library raised."""

import ssl
from typing import Final

from tokenpulse_shared.connections.failure_kinds import Failure, FailureKind

_VERIFICATION: Final[dict[int, FailureKind]] = {
    # X509_V_ERR_… of OpenSSL's x509_vfy.h
    9: "tls_not_yet_valid",
    10: "tls_expired",
    62: "tls_wrong_host",
    64: "tls_wrong_host",  # an IP address
}
"""Any other code: the chain does not end at an authority we trust."""

_NO_TLS: Final = ("WRONG_VERSION_NUMBER", "RECORD_LAYER_FAILURE", "PACKET_LENGTH_TOO_LONG", "UNEXPECTED_EOF")
_CLIENT_CERTIFICATE: Final = ("CERTIFICATE_REQUIRED", "BAD_CERTIFICATE", "UNKNOWN_CA", "CERTIFICATE_UNKNOWN")
"""Alerts by which a server turns a client's certificate away, or misses it."""


def tls_failure(error: BaseException, *, is_connecting: bool) -> Failure | None:
    """Return what is wrong with TLS, None when that is not it; `is_connecting`: the handshake was not over."""
    if isinstance(error, TimeoutError) and "handshake" in str(error):
        return Failure("tls_no_handshake")
    if isinstance(error, ssl.SSLCertVerificationError):
        return Failure(_VERIFICATION.get(error.verify_code, "tls_untrusted"))
    return _of_alert(error, is_connecting) if isinstance(error, ssl.SSLError) else None


def _of_alert(error: ssl.SSLError, is_connecting: bool) -> Failure:
    reason = getattr(error, "reason", None) or ""  # the library sets it, a plain one has none
    if any(word in reason for word in _CLIENT_CERTIFICATE):
        return Failure("tls_client_certificate")
    is_end = isinstance(error, ssl.SSLEOFError | ssl.SSLZeroReturnError)
    if is_connecting and (is_end or any(word in reason for word in _NO_TLS)):
        return Failure("tls_not_spoken")
    return Failure("connection_lost") if is_end else Failure("tls_failed", reason.replace("_", " ").lower())
