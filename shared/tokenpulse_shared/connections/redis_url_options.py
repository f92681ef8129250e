"""Say which options behind the `?` of a Redis URL can be used.

An unknown one would only fail at the first command, and some that the driver knows (timeouts, retries, the
protocol) would break what tokenpulse promises, so only those of the table are taken.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final
from urllib.parse import parse_qsl

_TRUTHS: Final = ("true", "false", "yes", "no", "1", "0")
_REQUIREMENTS: Final = ("required", "optional", "none")

Check = Callable[[str], str | None]
"""Returns what was expected, None when the value can be used."""


def _file(value: str) -> str | None:
    return None if Path(value).is_file() else f"a file that exists, not {value}"


def _directory(value: str) -> str | None:
    return None if Path(value).is_dir() else f"a directory that exists, not {value}"


def _one_of(*words: str) -> Check:
    return lambda value: None if value.lower() in words else f"one of {', '.join(words)}"


def _text(value: str) -> str | None:
    return None


def _database(value: str) -> str | None:
    return None if value.isdecimal() else "a database number"


LOGIN_OPTIONS: Final[dict[str, Check]] = {"username": _text, "password": _text, "db": _database}
"""What stands before the `@` or behind the host as well."""
TLS_OPTIONS: Final[dict[str, Check]] = {
    "ssl_ca_certs": _file,
    "ssl_ca_path": _directory,
    "ssl_certfile": _file,
    "ssl_keyfile": _file,
    "ssl_password": _text,
    "ssl_cert_reqs": _one_of(*_REQUIREMENTS),
    "ssl_check_hostname": _one_of(*_TRUTHS),
}
"""Taken with TLS only, named as redis-py names them."""


def check_url_options(query: str, *, is_encrypted: bool, more: Mapping[str, Check] | None = None) -> None:
    """Pass when every option of a URL's query can be used; `more`: options of the URL's own scheme.

    Raises:
        ValueError: what was expected; a value is repeated only where it is a path.
    """
    accepted = {**LOGIN_OPTIONS, **(TLS_OPTIONS if is_encrypted else {}), **(more or {})}
    for name, value in parse_qsl(query, keep_blank_values=True):
        if name in TLS_OPTIONS and not is_encrypted:
            raise ValueError(f"the scheme rediss:// for the option {name}")
        if name not in accepted:
            raise ValueError(f"no URL options but {', '.join(accepted)}")
        if expected := accepted[name](value):
            raise ValueError(f"for the URL option {name} {expected}")
