"""What the reader needs of whoever takes measurements that clients post.

The reader never imports the middleware. The command line, which may, hands it a recorder: posted measurements go the
way of all others, in numbered batches that Redis counts exactly once.
"""

from typing import Protocol

from tokenpulse_shared.records import ErrorClass


class Ingest(Protocol):
    """Take measurements at once; never wait, never raise. `tokenpulse.Recorder` is one."""

    def record(
        self,
        *,
        provider: str,
        model: str,
        gateway: str | None,
        latency_ms: float | None,
        ttft_ms: float | None,
        success: bool,
        error_type: ErrorClass | None,
    ) -> None:
        """Count one call; None: not known."""
