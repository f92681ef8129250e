"""Tests of encrypted connections to a cluster, and to a master by way of sentinels."""

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

import pytest
import redis

from tests.support.certificates import Certificates
from tests.support.cluster import RedisCluster
from tests.support.ports import free_port, port_with_bus
from tests.support.processes import wait_until
from tests.support.redis_server import RedisServer
from tests.support.sentinel import SERVICE, Sentinel
from tests.support.written import record_each
from tokenpulse.recorder import Recorder
from tokenpulse_shared.redis_client import connect
from tokenpulse_shared.store import MetricsStore

OpenRecorder = Callable[..., Recorder]


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    """Give an authority of this test's own."""
    return Certificates(tmp_path)


def _tls_options(certificates: Certificates, port: int) -> dict[str, str]:
    certificate = certificates.good()
    return {
        "tls-port": str(port),
        "tls-cert-file": str(certificate.chain),
        "tls-key-file": str(certificate.key),
        "tls-ca-cert-file": str(certificates.authority),
        "tls-auth-clients": "no",
    }


async def _assert_written_and_read(url: str, open_recorder: OpenRecorder) -> None:
    recorder = open_recorder(url, flush_interval=60)
    record_each(recorder, "p", "m", tokens_input=7)

    assert recorder.flush()
    async with MetricsStore(url) as store:
        assert (await store.totals()).providers["p"].counters["tokens_input"] == 7


def _assert_untrusted(url: str) -> None:
    with connect(url) as client, pytest.raises(redis.ConnectionError, match="CERTIFICATE_VERIFY_FAILED"):
        client.ping()


async def test_a_cluster_speaks_tls(certificates: Certificates, open_recorder: OpenRecorder) -> None:
    """Nodes name their encrypted ports to who asks by one; without the authority nothing is trusted."""
    port = port_with_bus()
    options = {**_tls_options(certificates, port), "tls-cluster": "yes"}
    with RedisCluster(masters=1, has_replicas=False, **options):
        url = f"rediss+cluster://127.0.0.1:{port}"

        await _assert_written_and_read(f"{url}?ssl_ca_certs={certificates.authority}", open_recorder)
        _assert_untrusted(url)


async def test_sentinels_and_their_master_speak_tls(
    certificates: Certificates, open_recorder: OpenRecorder
) -> None:
    """The URL's options hold for both."""
    with ExitStack() as stack:
        port = free_port()
        server = RedisServer(is_durable=False, **_tls_options(certificates, port))
        stack.enter_context(server)
        sentinel_port = free_port()
        lines = [f"{name} {value}" for name, value in _tls_options(certificates, sentinel_port).items()]
        sentinel = Sentinel(port, lines=(*lines, "tls-replication yes"))
        stack.callback(sentinel.close)
        sentinel.start()
        wait_until(lambda: sentinel.knows(sentinels=0, replicas=0), "the sentinel")
        url = f"rediss+sentinel://127.0.0.1:{sentinel_port}/{SERVICE}/0"

        await _assert_written_and_read(f"{url}?ssl_ca_certs={certificates.authority}", open_recorder)
        _assert_untrusted(url)
