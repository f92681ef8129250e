"""Tests of URLs that name several servers."""

import pytest

from tokenpulse_shared.connections.many_hosts_url import is_many_hosts_url, parse_many_hosts_url
from tokenpulse_shared.connections.redis_url import check_redis_url
from tokenpulse_shared.redact import masked_url


def test_a_sentinel_url_is_taken_apart() -> None:
    """Hosts with their ports, the master's name, and one URL for every server that holds data."""
    url = parse_many_hosts_url(
        "redis+sentinel://user:p%40ss@h1:7000,[::1],h3/my%20master/3?sentinel_password=s%2B1&username=u"
    )

    assert (url.kind, url.is_encrypted, url.service) == ("sentinel", False, "my master")
    assert url.hosts == (("h1", 7000), ("::1", 26379), ("h3", 26379))
    assert url.node_url == "redis://user:p%40ss@h1:7000/3?username=u"
    assert url.sentinel_login == {"password": "s+1"}


def test_a_cluster_url_is_taken_apart() -> None:
    """Hosts with their ports; options for the encryption hold for every node; there is one database."""
    url = parse_many_hosts_url("rediss+cluster://:secret@[::1]:7000,h2/0?ssl_cert_reqs=none")

    assert (url.kind, url.is_encrypted, url.service) == ("cluster", True, "")
    assert url.hosts == (("::1", 7000), ("h2", 6379))
    assert url.node_url == "rediss://:secret@[::1]:7000/0?ssl_cert_reqs=none"
    assert url.sentinel_login == {}


@pytest.mark.parametrize(
    "url",
    [
        "redis+sentinel://h/m", "redis+sentinel://h1:1,h2:2/m/0", "rediss+sentinel://h/m/15?sentinel_username=u",
        "redis+cluster://h", "REDIS+CLUSTER://h:1,h:2/", "rediss+cluster://u:p@h:1/0?db=0",
    ],
)  # fmt: skip
def test_usable_urls_pass_unchanged(url: str) -> None:
    """What a client can be made from comes back as it is."""
    assert is_many_hosts_url(url)
    assert check_redis_url(url) == url


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("redis+sentinel://h1:1,h2:2", "the master's name and a database number"),
        ("redis+sentinel://h1/m/cache", "the master's name and a database number"),
        ("redis+sentinel://h1/m/0/1", "the master's name and a database number"),
        ("redis+sentinel:///m", "one or more hosts"),
        ("redis+sentinel://h1,/m", "one or more hosts"),
        ("redis+sentinel://h1:0/m", "one or more hosts"),
        ("redis+sentinel://h1:99999/m", "ports from 1 to 65535"),
        ("redis+sentinel://[::1/m", "ports from 1 to 65535"),
        ("redis+sentinel://h/m?master=1", "no URL options but"),
        ("redis+cluster://h/1", "database 0, the only one"),
        ("redis+cluster://h/0/1", "database 0, the only one"),
        ("redis+cluster://h?db=1", "database 0, the only one"),
        ("redis+cluster://h?sentinel_password=x", "no URL options but"),
        ("redis+cluster://h?ssl_cert_reqs=none", "the scheme rediss://"),
        ("redis+other://h", r"redis\+cluster://host:port,host:port"),
    ],
)
def test_unusable_urls_name_what_was_expected(url: str, expected: str) -> None:
    """The error says what is taken."""
    with pytest.raises(ValueError, match=expected):
        check_redis_url(url)


def test_other_schemes_are_not_for_this() -> None:
    """A URL of one server is told apart, and not taken."""
    assert not is_many_hosts_url("redis://h:1")
    with pytest.raises(ValueError, match=r"redis\+sentinel://"):
        parse_many_hosts_url("redis://h:1")


def test_passwords_are_shown_nowhere() -> None:
    """Neither what is parsed nor the masked URL repeats a password, of the servers or of the sentinels."""
    url = "redis+sentinel://user:secret1@h1:1,h2:2/m/0?sentinel_password=secret2"

    assert "secret" not in repr(parse_many_hosts_url(url))
    assert masked_url(url) == "redis+sentinel://user:***@h1:1,h2:2/m/0?sentinel_password=***"
