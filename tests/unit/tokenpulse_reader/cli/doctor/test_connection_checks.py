"""Tests of how the way to a server is judged."""

import pytest

from tokenpulse_reader.cli.doctor.connection_checks import (
    check_clock,
    check_connection,
    check_encryption,
    check_rights,
    unreachable,
)
from tokenpulse_reader.cli.doctor.server_facts import ServerFacts
from tokenpulse_shared.connections.failure_kinds import Failure


def _facts(**given: object) -> ServerFacts:
    facts: dict[str, object] = {
        "label": "",
        "round_trip_seconds": 0.0004,
        "offset_seconds": 0.002,
        "info": {},
        "lacking": {"writer": [], "reader": []},
        "saves": None,
    }
    return ServerFacts(**{**facts, **given})  # type: ignore[arg-type]  # by the table above


def test_no_answer() -> None:
    """What failed is said in the words that the log has, with what to do."""
    check = unreachable(Failure("connection_refused"))

    assert (check.status, check.says) == ("failure", "connection refused")
    assert check.to_do == "start Redis, or correct host and port: nothing listens there"


@pytest.mark.parametrize(("seconds", "status"), [(0.0004, "ok"), (0.0999, "ok"), (0.1, "warning")])
def test_a_slow_server_is_a_warning(seconds: float, status: str) -> None:
    """A tenth of a second is slow: a flush takes several round trips."""
    check = check_connection(_facts(round_trip_seconds=seconds))

    assert (check.status, check.says) == (status, f"answers in {seconds * 1000:.2f} ms")


@pytest.mark.parametrize(
    ("url", "status", "says"),
    [
        ("redis://localhost:6379/0", "ok", "none: on this machine"),
        ("unix:///run/redis.sock", "ok", "none: on this machine"),
        ("redis://:p@10.0.0.1/0", "ok", "none: whoever can listen on the network can read"),
        ("redis+cluster://a:1,b:2", "ok", "none: whoever can listen on the network can read"),
        ("rediss://host/0?ssl_ca_certs=/ca.pem", "ok", "TLS, the server's certificate is verified"),
        ("rediss+sentinel://a:1,b:2/m/0", "ok", "TLS, the server's certificate is verified"),
        (
            "rediss://host/0?ssl_cert_reqs=NONE",
            "warning",
            "TLS, but the server's certificate is not verified",
        ),
        (
            "rediss://host/0?ssl_check_hostname=False",
            "warning",
            "TLS, but any certificate of a trusted authority is taken",
        ),
    ],
)
def test_encryption(url: str, status: str, says: str) -> None:
    """Without TLS who can listen is said; TLS that verifies nothing is a warning."""
    check = check_encryption(url)

    assert (check.status, check.says) == (status, says)


@pytest.mark.parametrize(
    ("lacking", "says", "to_do"),
    [
        (["hset", "zadd"], "hset, zadd", "+hset +zadd"),
        (["multi"], "multi; without it the others cannot be tried", "+multi"),
        (["hset on these keys", "del"], "hset on these keys, del", "~<prefix>* +del"),
    ],
)
def test_missing_rights_are_a_failure(lacking: list[str], says: str, to_do: str) -> None:
    """Each is named, with the command that grants it."""
    check = check_rights(_facts(lacking={"writer": lacking}), "writer")

    assert (check.name, check.status) == ("rights to write", "failure")
    assert check.says == f"an app's workers need more than this user may do: {says}"
    assert check.to_do == f"as an administrator: ACL SETUSER <user> {to_do}"


def test_enough_rights() -> None:
    """Nothing to do."""
    check = check_rights(_facts(), "reader")

    assert (check.name, check.status, check.to_do) == ("rights to read", "ok", None)


@pytest.mark.parametrize(
    ("offset", "status", "says"),
    [
        (0.002, "ok", "2 ms from the server's"),
        (-4.999, "ok", "4999 ms from the server's"),
        (5.0, "warning", "this machine is 5.0 s behind the server; windows follow the server's time"),
        (-300.0, "warning", "this machine is 300.0 s ahead of the server; windows follow the server's time"),
        (None, "warning", "this user may not ask for the time"),
    ],
)
def test_the_clock(offset: float | None, status: str, says: str) -> None:
    """Seconds apart are a warning, in the direction they are."""
    check = check_clock(_facts(offset_seconds=offset))

    assert (check.status, check.says) == (status, says)
