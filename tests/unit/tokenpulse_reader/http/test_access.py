"""Tests of who may ask for what."""

import pytest

from tokenpulse_reader.http.access import Access, Verdict, has_effect

CLOSED = Access(["alpha", "beta"], {"providers": ["scrape", "other"], "all": ["whole"]})


def bearer(token: str) -> list[bytes]:
    return [f"Bearer {token}".encode()]


@pytest.mark.parametrize("token", ["alpha", "beta"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS", "POST", "DELETE"])
def test_each_token_opens_everything(token: str, method: str) -> None:
    """Several tokens are valid at once, so that one can replace the other."""
    assert CLOSED.judge(method, "/anything", bearer(token)) == "allowed"


@pytest.mark.parametrize(
    ("token", "path", "verdict"),
    [
        ("scrape", "/prometheus/metrics/providers", "allowed"),
        ("other", "/prometheus/metrics/providers", "allowed"),
        ("scrape", "/prometheus/metrics/models", "unauthorized"),
        ("scrape", "/prometheus/metrics/providers/", "unauthorized"),
        ("scrape", "/Prometheus/metrics/providers", "unauthorized"),
        ("scrape", "/prometheus/metrics/all", "unauthorized"),
        ("scrape", "/metrics", "unauthorized"),
        ("scrape", "/", "unauthorized"),
        ("whole", "/prometheus/metrics/all", "allowed"),
        ("whole", "/metrics", "allowed"),
        ("whole", "/prometheus/metrics/providers", "unauthorized"),
    ],
)
def test_a_categorys_token_opens_that_category_alone(token: str, path: str, verdict: Verdict) -> None:
    """`all` is `/metrics` too; nothing else opens with it."""
    assert CLOSED.judge("GET", path, bearer(token)) == verdict
    assert CLOSED.judge("HEAD", path, bearer(token)) == verdict
    assert CLOSED.judge("POST", path, bearer(token)) == "unauthorized"


@pytest.mark.parametrize(
    "given",
    [
        [],
        [b""],
        [b"Bearer"],
        [b"Bearer "],
        [b"Bearer  alpha"],
        [b" Bearer alpha"],
        [b"Bearer alpha "],
        [b"Bearer\talpha"],
        [b"Bearer ALPHA"],
        [b"Bearer alph"],
        [b"Bearer alphaa"],
        [b"Bearer alpha,beta"],
        [b"Bearer \xef\xbd\x81lpha"],
        [b"Basic alpha"],
        [b"alpha"],
        [b"Bearer alpha", b"Bearer alpha"],
        [b"Bearer alpha", b"Bearer nonsense"],
        [b"Bearer alpha, Bearer alpha"],
    ],
)
def test_only_an_exact_token_given_once_opens(given: list[bytes]) -> None:
    """Everything else is refused, whatever it resembles."""
    assert CLOSED.judge("GET", "/metrics", given) == "unauthorized"
    assert CLOSED.judge("GET", "/healthz", given) == "allowed"


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_schemes_case_does_not_matter(scheme: str) -> None:
    """As RFC 9110 has it."""
    assert CLOSED.judge("GET", "/", [f"{scheme} alpha".encode()]) == "allowed"


def test_without_any_token_reads_are_open_writes_closed() -> None:
    """A write is refused even where nobody could have given a token."""
    access = Access()

    assert access.judge("GET", "/metrics", []) == "allowed"
    assert access.judge("OPTIONS", "/metrics", []) == "allowed"
    assert access.judge("POST", "/healthz", []) == "writes_closed"
    assert access.judge("DELETE", "/metrics", bearer("")) == "writes_closed"
    assert access.judge("BREW", "/metrics", []) == "writes_closed"


def test_a_categorys_token_alone_closes_the_rest() -> None:
    """Default-deny begins with the first token of any kind; no write can be opened by one of a category."""
    access = Access(metrics_tokens={"models": ["m"]})

    assert access.judge("GET", "/prometheus/metrics/models", bearer("m")) == "allowed"
    assert access.judge("GET", "/prometheus/metrics/providers", []) == "unauthorized"
    assert access.judge("POST", "/prometheus/metrics/models", bearer("m")) == "writes_closed"


def test_only_the_posts_that_are_opened_are_open() -> None:
    """Neither another method nor another path is opened along with them."""
    access = Access(["alpha"], open_writes=["/api/metrics/chat"])

    assert access.judge("POST", "/api/metrics/chat", []) == "allowed"
    assert access.judge("PUT", "/api/metrics/chat", []) == "unauthorized"
    assert access.judge("GET", "/api/metrics/chat", []) == "unauthorized"
    assert access.judge("POST", "/api/metrics/chat/", []) == "unauthorized"


@pytest.mark.parametrize(("method", "expected"), [("GET", False), ("HEAD", False), ("OPTIONS", False)])
def test_what_has_no_effect(method: str, expected: bool) -> None:
    """Methods are told apart by their exact name; one that is not known may do anything."""
    assert has_effect(method) is expected
    assert has_effect(method.lower()) is True
