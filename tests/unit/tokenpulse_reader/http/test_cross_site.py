"""Tests of what a browser says about where a request comes from."""

import pytest

from tokenpulse_reader.http.cross_site import is_cross_site

HOST = (b"Host", b"reader.test:9100")


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [HOST],
        [HOST, (b"origin", b"http://reader.test:9100")],
        [HOST, (b"Origin", b"https://READER.test:9100")],
        [HOST, (b"sec-fetch-site", b"same-origin")],
        [HOST, (b"Sec-Fetch-Site", b"None")],
        [
            (b"host", b"behind-a-proxy"),
            (b"origin", b"https://public.test"),
            (b"sec-fetch-site", b"same-origin"),
        ],
    ],
)
def test_own_pages_and_no_browsers_pass(headers: list[tuple[bytes, bytes]]) -> None:
    """The same host, or what is no browser; `Sec-Fetch-Site` decides where there is one."""
    assert not is_cross_site(headers)


@pytest.mark.parametrize(
    "headers",
    [
        [HOST, (b"origin", b"https://evil.test")],
        [HOST, (b"origin", b"http://reader.test")],
        [HOST, (b"origin", b"null")],
        [HOST, (b"origin", b"")],
        [HOST, (b"origin", b"file://reader.test:9100")],
        [HOST, (b"origin", b"http://[reader.test:9100")],
        [HOST, (b"origin", b"http://\xffeader.test:9100")],
        [(b"origin", b"http://reader.test:9100")],
        [HOST, (b"sec-fetch-site", b"cross-site")],
        [HOST, (b"sec-fetch-site", b"same-site")],
        [HOST, (b"sec-fetch-site", b"same-origin"), (b"sec-fetch-site", b"cross-site")],
        [HOST, (b"host", b"evil.test"), (b"origin", b"http://evil.test")],
    ],
)
def test_other_sites_do_not(headers: list[tuple[bytes, bytes]]) -> None:
    """Another host, an origin that cannot be read, a header given twice."""
    assert is_cross_site(headers)
