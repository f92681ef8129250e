"""Run a redis-server that speaks TLS on a port of its own, beside the plain one."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from tests.support.certificates import HOST, Certificate, Certificates
from tests.support.ports import free_port
from tests.support.redis_server import RedisServer


class TlsRedis(NamedTuple):
    """Hold a running server; `url` takes options, as `?ssl_ca_certs=…`."""

    server: RedisServer
    tls_port: int
    authority: str

    @property
    def url(self) -> str:
        """Return the TLS URL that trusts the server's authority."""
        return f"{self.untrusting_url}?ssl_ca_certs={self.authority}"

    @property
    def untrusting_url(self) -> str:
        """Return the TLS URL that trusts only the system's authorities."""
        return f"rediss://{HOST}:{self.tls_port}/0"

    @property
    def plain_url_to_tls_port(self) -> str:
        """Return the URL that does not speak TLS to a port that speaks nothing else."""
        return f"redis://{HOST}:{self.tls_port}/0"

    @property
    def tls_url_to_plain_port(self) -> str:
        """Return the URL that speaks TLS to a port that does not."""
        return f"rediss://{HOST}:{self.server.port}/0?ssl_ca_certs={self.authority}"


@contextmanager
def running_tls_redis(
    certificates: Certificates, certificate: Certificate, *, asks_clients: bool = False
) -> Iterator[TlsRedis]:
    """Give a server with that certificate; `asks_clients`: it wants one of its clients as well."""
    port = free_port()
    options = {
        "tls-port": str(port),
        "tls-cert-file": str(certificate.chain),
        "tls-key-file": str(certificate.key),
        "tls-ca-cert-file": str(certificates.authority),
        "tls-auth-clients": "yes" if asks_clients else "no",
    }
    with RedisServer(is_durable=False, **options) as server:
        yield TlsRedis(server, port, str(certificates.authority))
