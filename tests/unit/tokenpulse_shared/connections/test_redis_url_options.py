"""Tests of which options of a Redis URL are taken."""

from pathlib import Path

import pytest

from tokenpulse_shared.connections.redis_url_options import check_url_options


@pytest.mark.parametrize(
    ("query", "is_encrypted"),
    [
        ("", False),
        ("db=3&username=u&password=p%26w", False),
        ("ssl_cert_reqs=none", True),
        ("ssl_cert_reqs=Required&ssl_check_hostname=False&ssl_password=x", True),
    ],
)
def test_usable_options_pass(query: str, is_encrypted: bool) -> None:
    """A login anywhere, the options of TLS with TLS."""
    check_url_options(query, is_encrypted=is_encrypted)


def test_files_must_be_there(tmp_path: Path) -> None:
    """A certificate's path is tried at the start, not at the first command."""
    file = tmp_path / "ca.pem"
    file.touch()
    for name in ("ssl_ca_certs", "ssl_certfile", "ssl_keyfile"):
        check_url_options(f"{name}={file}", is_encrypted=True)
        with pytest.raises(ValueError, match=f"for the URL option {name} a file that exists, not {tmp_path}"):
            check_url_options(f"{name}={tmp_path}", is_encrypted=True)
    check_url_options(f"ssl_ca_path={tmp_path}", is_encrypted=True)
    with pytest.raises(ValueError, match="for the URL option ssl_ca_path a directory that exists"):
        check_url_options(f"ssl_ca_path={file}", is_encrypted=True)


@pytest.mark.parametrize(
    ("query", "is_encrypted", "expected"),
    [
        ("db=x", False, "for the URL option db a database number"),
        ("ssl_cert_reqs=maybe", True, "for the URL option ssl_cert_reqs one of required, optional, none"),
        ("ssl_check_hostname=", True, "for the URL option ssl_check_hostname one of true, false"),
        ("ssl_cert_reqs=none", False, "the scheme rediss:// for the option ssl_cert_reqs"),
        ("socket_timeout=30", False, "no URL options but username, password, db$"),
        ("protocol=3", True, "no URL options but username, password, db, ssl_ca_certs"),
        ("decode_responses=true", False, "no URL options but"),
    ],
)
def test_unusable_options_name_what_was_expected(query: str, is_encrypted: bool, expected: str) -> None:
    """A misspelt option, a value that cannot be, TLS without TLS, and what would change timeouts or replies."""
    with pytest.raises(ValueError, match=expected):
        check_url_options(query, is_encrypted=is_encrypted)


def test_a_scheme_may_bring_its_own_options() -> None:
    """They are checked as the others are."""
    more = {"name": lambda value: None if value == "x" else "x"}
    check_url_options("name=x", is_encrypted=False, more=more)

    with pytest.raises(ValueError, match="for the URL option name x"):
        check_url_options("name=y", is_encrypted=False, more=more)


def test_values_are_not_repeated() -> None:
    """They may be secrets; only paths are said again."""
    with pytest.raises(ValueError) as caught:
        check_url_options("passwort=geheim", is_encrypted=True)

    assert "geheim" not in str(caught.value)
