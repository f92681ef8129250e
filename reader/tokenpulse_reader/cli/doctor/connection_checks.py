"""Judge the way to a server with what its user may do there, pure."""

from collections.abc import Mapping
from typing import Final
from urllib.parse import parse_qs, urlsplit

from tokenpulse_reader.cli.doctor.advice import ADVICE
from tokenpulse_reader.cli.doctor.check import Check, failure, passed, warning
from tokenpulse_reader.cli.doctor.server_facts import ServerFacts
from tokenpulse_shared.connections.failure_kinds import Failure
from tokenpulse_shared.rights import Role

SLOW_SECONDS: Final = 0.1
"""A flush takes several round trips, and no more than a second."""
SKEWED_SECONDS: Final = 5.0
"""Far more than what clocks that are kept in step differ by."""
_WORDS: Final[Mapping[Role, tuple[str, str]]] = {
    "writer": ("rights to write", "an app's workers need"),
    "reader": ("rights to read", "the reader needs"),
    "operator": ("rights to operate", "a reader that scores and takes posts needs"),
}


def unreachable(found: Failure) -> Check:
    """Return the check of a server that gave no answer."""
    return failure("connection", found.text, ADVICE[found.kind])


def check_connection(facts: ServerFacts) -> Check:
    """Judge how quickly the server answers."""
    says = f"answers in {facts.round_trip_seconds * 1000:.2f} ms"
    if facts.round_trip_seconds >= SLOW_SECONDS:
        return warning("connection", says, "bring Redis nearer, or find what slows the way to it")
    return passed("connection", says)


def check_encryption(url: str) -> Check:
    """Judge what a URL asks of TLS; what it asks for works, or there would be no connection."""
    parts = urlsplit(url)
    if not parts.scheme.startswith("rediss"):
        is_local = parts.scheme == "unix" or parts.hostname in ("localhost", "127.0.0.1", "::1")
        where = "on this machine" if is_local else "whoever can listen on the network can read"
        return passed("encryption", f"none: {where}")
    options = {name: values[0].lower() for name, values in parse_qs(parts.query).items()}
    if options.get("ssl_cert_reqs", "required") != "required":
        to_do = "take ssl_cert_reqs out of the URL, and name the authority with ssl_ca_certs"
        return warning("encryption", "TLS, but the server's certificate is not verified", to_do)
    if options.get("ssl_check_hostname") in ("false", "no", "0"):
        to_do = "take ssl_check_hostname out of the URL, and have the host's name in its certificate"
        return warning("encryption", "TLS, but any certificate of a trusted authority is taken", to_do)
    return passed("encryption", "TLS, the server's certificate is verified")


def check_rights(facts: ServerFacts, role: Role) -> Check:
    """Judge whether the user may do all that a role needs."""
    name, needs = _WORDS[role]
    lacking = facts.lacking[role]
    if not lacking:
        return passed(name, "all that is needed")
    rest = "; without it the others cannot be tried" if lacking == ["multi"] else ""
    return failure(
        name,
        f"{needs} more than this user may do: {', '.join(lacking)}{rest}",
        "as an administrator: ACL SETUSER <user> " + " ".join(_granted(lacking)),
    )


def check_clock(facts: ServerFacts) -> Check:
    """Judge how far this machine's clock is from the server's."""
    offset = facts.offset_seconds
    if offset is None:
        return warning("clock", "this user may not ask for the time", "ACL SETUSER <user> +time")
    if abs(offset) < SKEWED_SECONDS:
        return passed("clock", f"{abs(offset) * 1000:.0f} ms from the server's")
    says = f"this machine is {abs(offset):.1f} s {'behind' if offset > 0 else 'ahead of'} the server"
    return warning("clock", f"{says}; windows follow the server's time", "have both keep time by NTP")


def _granted(lacking: list[str]) -> list[str]:
    """Return the rules that grant what is lacking; rights that fail on our keys need a pattern instead."""
    rules = [f"+{right}" for right in lacking if " " not in right]
    return rules if len(rules) == len(lacking) else ["~<prefix>*", *rules]
