"""Read the names that a reader answers to, from settings as from the Host header, pure.

A name is kept in lower case, without a port, an IPv6 address in brackets: as a Host header has it.
"""

import ipaddress
import re
from typing import Final

LOOPBACK_NAMES: Final = frozenset(("localhost", "127.0.0.1", "[::1]"))
"""What this machine calls itself; no page of the web comes from there."""
_DIGITS: Final = "0123456789"
"""Of a port, of which a URL may hold none behind its colon: `localhost:` is as good as `localhost` (RFC 3986, 3.2.3)."""
_NAME: Final = re.compile(r"[a-z0-9_]([a-z0-9_.-]{0,251}[a-z0-9_])?")


def host_list(text: str) -> tuple[str, ...]:
    """Return the names of text like `metrics.internal, 10.0.0.7, ::1`, each once.

    Raises:
        ValueError: there is none, or one is no name and no address; says what was expected.
    """
    names = tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))
    if not names:
        raise ValueError("a host name or address, or several with commas between, without ports")
    return tuple(dict.fromkeys(map(host_name, names)))


def host_name(text: str) -> str:
    """Return one name or address as a Host header has it.

    Raises:
        ValueError: it is neither; says what was expected.
    """
    lowered = text.lower().removeprefix("[").removesuffix("]")
    if ":" in lowered:
        try:
            return f"[{ipaddress.IPv6Address(lowered).compressed}]"
        except ValueError:
            lowered = ""
    if not _NAME.fullmatch(lowered):
        raise ValueError("a host name or address, or several with commas between, without ports")
    return lowered


def named_host(header: bytes) -> str | None:
    """Return the name in a Host header's value without its port, None for what is no such value."""
    name, _, port = header.decode("latin-1").rpartition(":")
    if not name or port.strip(_DIGITS):
        name = header.decode("latin-1")
    try:
        return host_name(name.removesuffix("."))
    except ValueError:
        return None
