"""Tests of what TLS errors mean; those that a real server causes are in tests/redis/test_tls.py."""

import ssl

import pytest

from tokenpulse_shared.connections.failure_kinds import Failure
from tokenpulse_shared.connections.tls_failures import tls_failure


def _verification(code: int) -> ssl.SSLCertVerificationError:
    error = ssl.SSLCertVerificationError(1, "certificate verify failed")
    error.verify_code = code
    return error


def _alert(reason: str) -> ssl.SSLError:
    error = ssl.SSLError(1, "[SSL] failed")
    error.reason = reason
    return error


@pytest.mark.parametrize(
    ("code", "kind"),
    [
        (9, "tls_not_yet_valid"),
        (10, "tls_expired"),
        (18, "tls_untrusted"),
        (19, "tls_untrusted"),
        (20, "tls_untrusted"),
        (62, "tls_wrong_host"),
        (64, "tls_wrong_host"),
    ],
)
def test_verification(code: int, kind: str) -> None:
    """OpenSSL's code decides, whatever the text; an unknown one is a chain that is not trusted."""
    assert tls_failure(_verification(code), is_connecting=True) == (kind, "")


@pytest.mark.parametrize(
    ("error", "is_connecting", "expected"),
    [
        (_alert("TLSV13_ALERT_CERTIFICATE_REQUIRED"), False, Failure("tls_client_certificate")),
        (_alert("TLSV1_ALERT_UNKNOWN_CA"), True, Failure("tls_client_certificate")),
        (_alert("WRONG_VERSION_NUMBER"), True, Failure("tls_not_spoken")),
        (_alert("RECORD_LAYER_FAILURE"), True, Failure("tls_not_spoken")),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), True, Failure("tls_not_spoken")),
        (ssl.SSLEOFError(8, "EOF occurred in violation of protocol"), False, Failure("connection_lost")),
        (ssl.SSLZeroReturnError(6, "closed"), False, Failure("connection_lost")),
        (_alert("NO_PROTOCOLS_AVAILABLE"), True, Failure("tls_failed", "no protocols available")),
        (ssl.SSLError(1, "something"), False, Failure("tls_failed")),
        (TimeoutError("_ssl.c:989: The handshake operation timed out"), True, Failure("tls_no_handshake")),
        (TimeoutError("timed out"), True, None),
        (ConnectionResetError("reset"), True, None),
    ],
)
def test_errors_of_the_library(error: Exception, is_connecting: bool, expected: Failure | None) -> None:
    """An end within the handshake is a port without TLS, one after it a lost connection; others are not TLS's."""
    assert tls_failure(error, is_connecting=is_connecting) == expected
