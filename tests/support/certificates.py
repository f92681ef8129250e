"""Make the certificates of a TLS test: an authority with servers' and a client's, good and bad."""

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final, NamedTuple

import trustme

HOST: Final = "127.0.0.1"
_DAY: Final = timedelta(days=1)


class Certificate(NamedTuple):
    """Name the files of a certificate with its chain, and of its key."""

    chain: Path
    key: Path


class Certificates:
    """Hold the files of one authority in a directory; every certificate is made on demand."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._authority = trustme.CA()
        self.authority = directory / "authority.pem"
        self._authority.cert_pem.write_to_path(str(self.authority))
        self.stranger = directory / "stranger.pem"
        """An authority that issued none of these."""
        trustme.CA().cert_pem.write_to_path(str(self.stranger))

    def good(self) -> Certificate:
        """Return one for the loopback's address."""
        return self._issue("good", HOST)

    def of_another_host(self) -> Certificate:
        """Return one for a host we do not connect to."""
        return self._issue("another-host", "redis.example.org")

    def expired(self) -> Certificate:
        """Return one that ended yesterday."""
        now = datetime.now(UTC)
        return self._issue("expired", HOST, not_before=now - 3 * _DAY, not_after=now - _DAY)

    def not_yet_valid(self) -> Certificate:
        """Return one that begins tomorrow."""
        now = datetime.now(UTC)
        return self._issue("not-yet-valid", HOST, not_before=now + _DAY, not_after=now + 3 * _DAY)

    def _issue(self, name: str, host: str, **dates: datetime) -> Certificate:
        files = Certificate(self._directory / f"{name}.pem", self._directory / f"{name}.key")
        issued = self._authority.issue_cert(host, **dates)
        files.chain.write_bytes(b"".join(part.bytes() for part in issued.cert_chain_pems))
        issued.private_key_pem.write_to_path(str(files.key))
        return files
