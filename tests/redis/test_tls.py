"""Tests of Redis behind TLS: what works, and that each way to fail is quick and says which it is."""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.certificates import Certificate, Certificates
from tests.support.stopwatch import unhindered_seconds
from tests.support.tls_redis import TlsRedis, running_tls_redis
from tests.support.written import total
from tokenpulse.recorder import Recorder
from tokenpulse_shared.connections.connection_options import TIMEOUT_SECONDS
from tokenpulse_shared.errors import StoreUnavailableError
from tokenpulse_shared.store import MetricsStore

_SLACK_SECONDS = 0.25
"""What a busy machine may add to a timeout."""
pytestmark = pytest.mark.usefixtures("own_limits")

MakeRecorder = Callable[..., Recorder]


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    """Give one authority to the module."""
    return Certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def good(certificates: Certificates) -> Iterator[TlsRedis]:
    """Give a server whose certificate is right."""
    with running_tls_redis(certificates, certificates.good()) as running:
        yield running


def _last_error(recorder: Recorder) -> str | None:
    """Return what a flush of one call fails with, after it failed in time and lost nothing."""
    recorder.record(provider="p", model="m")
    began = unhindered_seconds()
    assert not recorder.flush()
    assert unhindered_seconds() - began < TIMEOUT_SECONDS + _SLACK_SECONDS

    stats = recorder.stats()
    assert (stats["connected"], stats["pending"], stats["flushed"]) == (False, 1, 0)
    last_error: str | None = stats["last_error"]
    return last_error


async def test_writer_and_reader_speak_tls(good: TlsRedis, make_recorder: MakeRecorder) -> None:
    """What one writes over TLS the other reads over TLS."""
    with good.server.client() as client:
        client.flushall()
    recorder = make_recorder(good.url)
    recorder.record(provider="p", model="m")
    assert recorder.flush()

    async with MetricsStore(good.url) as store:
        assert await store.providers() == ["p"]
        assert (await store.provider_window("p", minutes=5)).total().counters["total_requests"] == 1
    with good.server.client() as client:
        assert total(client, "p") == 1


@pytest.mark.parametrize(
    ("make", "expected"),
    [
        (Certificates.of_another_host, "TLS certificate is not for this host"),
        (Certificates.expired, "TLS certificate has expired"),
        (Certificates.not_yet_valid, "TLS certificate is not valid yet"),
    ],
)
async def test_a_wrong_certificate_is_named(
    certificates: Certificates,
    make_recorder: MakeRecorder,
    make: Callable[[Certificates], Certificate],
    expected: str,
) -> None:
    """Writer and reader refuse it at once, and say what is wrong with it."""
    with running_tls_redis(certificates, make(certificates)) as running:
        assert _last_error(make_recorder(running.url)) == expected
        async with MetricsStore(running.url) as store:
            with pytest.raises(StoreUnavailableError, match=expected):
                await store.ping()


@pytest.mark.parametrize("authority", ["the system's", "a stranger's"])
def test_an_unknown_authority_is_named(
    certificates: Certificates, good: TlsRedis, make_recorder: MakeRecorder, authority: str
) -> None:
    """Certificates are verified against the system's authorities, or the file that the URL names, never skipped."""
    query = "" if authority == "the system's" else f"?ssl_ca_certs={certificates.stranger}"

    assert _last_error(make_recorder(good.untrusting_url + query)) == "TLS certificate is not trusted"


def test_tls_to_a_plain_port_is_named(good: TlsRedis, make_recorder: MakeRecorder) -> None:
    """A plain Redis waits for the rest of what it takes for a command: the handshake ends by its timeout."""
    expected = "no TLS handshake in time, as by a port that does not speak TLS"

    assert _last_error(make_recorder(good.tls_url_to_plain_port)) == expected


def test_plain_to_a_tls_port_is_named(good: TlsRedis, make_recorder: MakeRecorder) -> None:
    """A TLS port closes the connection without a word."""
    expected = "connection closed before the first answer, as by a port that speaks only TLS"

    assert _last_error(make_recorder(good.plain_url_to_tls_port)) == expected


def test_a_server_that_wants_a_client_certificate_is_named(
    certificates: Certificates, make_recorder: MakeRecorder
) -> None:
    """Without one the connection is closed; with one of an authority the server trusts it works."""
    mine = certificates.good()
    with running_tls_redis(certificates, mine, asks_clients=True) as running:
        refused = _last_error(make_recorder(running.url))
        recorder = make_recorder(f"{running.url}&ssl_certfile={mine.chain}&ssl_keyfile={mine.key}")
        recorder.record(provider="p", model="m")

        assert refused in {  # TLS 1.3 turns a client away after the handshake: its alert may come too late
            "the server wants a TLS client certificate",
            "TLS connection closed before the first answer, as by a server that wants a client certificate",
        }
        assert recorder.flush()


async def test_verification_can_be_turned_off(good: TlsRedis, make_recorder: MakeRecorder) -> None:
    """`ssl_cert_reqs=none` encrypts without knowing to whom: only where the URL asks for it."""
    url = f"{good.untrusting_url}?ssl_cert_reqs=none"
    recorder = make_recorder(url)
    recorder.record(provider="p", model="m")

    assert recorder.flush()
    async with MetricsStore(url) as store:
        await store.ping()


def test_a_host_may_go_unchecked(certificates: Certificates, make_recorder: MakeRecorder) -> None:
    """`ssl_check_hostname=false` takes any certificate of a trusted authority, as behind an address of its own."""
    with running_tls_redis(certificates, certificates.of_another_host()) as running:
        recorder = make_recorder(f"{running.url}&ssl_check_hostname=false")
        recorder.record(provider="p", model="m")

        assert recorder.flush()


def test_an_authority_that_vanished_is_named(
    good: TlsRedis, make_recorder: MakeRecorder, tmp_path: Path
) -> None:
    """A file that was there at the start and is not when a connection is made."""
    copy = tmp_path / "authority.pem"
    copy.write_bytes(Path(good.authority).read_bytes())
    recorder = make_recorder(f"{good.untrusting_url}?ssl_ca_certs={copy}")
    copy.unlink()

    assert _last_error(recorder) == "file does not exist"


def test_a_tls_failure_is_said_once(
    good: TlsRedis, make_recorder: MakeRecorder, caplog: pytest.LogCaptureFixture
) -> None:
    """However often it fails there is one line, in tokenpulse's own words."""
    caplog.set_level(logging.DEBUG)
    recorder = make_recorder(good.untrusting_url.replace("://", "://user:secret@"))
    recorder.record(provider="p", model="m")
    outcomes = [recorder.flush() for _ in range(3)]

    assert outcomes == [False, False, False]
    assert [record.getMessage() for record in caplog.records] == [
        "flush failed, counts are kept and sent later: TLS certificate is not trusted"
    ]
