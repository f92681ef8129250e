"""Tests of reading host names from settings, and from a Host header."""

import pytest

from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.host_names import host_list, named_host
from tokenpulse_shared.settings import Settings


def test_names_stand_between_commas() -> None:
    """In lower case, once each, IPv6 in brackets whether given so or not."""
    text = " Metrics.Internal , 10.0.0.7,, ::1,[0:0::2],metrics.internal"

    assert host_list(text) == ("metrics.internal", "10.0.0.7", "[::1]", "[::2]")


@pytest.mark.parametrize(
    "text", ["", " , ", "http://a", "a:80", "*", "a b", "a/b", "-a", "[::g]", "ä.de", "a" * 300]
)
def test_what_is_no_name(text: str) -> None:
    """No scheme, no port, no pattern."""
    with pytest.raises(ValueError, match="without ports"):
        host_list(text)


def test_a_wrong_name_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="TOKENPULSE_ALLOWED_HOSTS='a:80': expected a host name"):
        Settings.load({"TOKENPULSE_ALLOWED_HOSTS": "a:80"})


@pytest.mark.parametrize(
    ("header", "name"),
    [
        (b"localhost", "localhost"),
        (b"LOCALHOST:9100", "localhost"),
        (b"localhost.:9100", "localhost"),
        (b"localhost:", "localhost"),
        (b"[::1]:", "[::1]"),
        (b"127.0.0.1:9100", "127.0.0.1"),
        (b"[::1]", "[::1]"),
        (b"[0:0:0:0:0:0:0:1]:9100", "[::1]"),
        (b"evil.test", "evil.test"),
        (b"localhost.evil.test:80", "localhost.evil.test"),
        (b"localhost@evil.test", None),
        (b"localhost:80:80", None),
        (b"localhost::", None),
        (b"localhost:\xb2", None),
        (b"::1", None),
        (b"localhost, evil.test", None),
        (b"\xff", None),
        (b"", None),
        (b":9100", None),
        (b":", None),
    ],
)
def test_the_name_in_a_host_header(header: bytes, name: str | None) -> None:
    """Without its port; None for what no browser sends."""
    assert named_host(header) == name
