"""Make what a recorder with a `spill_path` needs (see docs/processes.md)."""

import contextlib
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import redis

from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.aggregation.http_aggregate import HttpAggregator
from tokenpulse.bucket_clock import BucketClock
from tokenpulse.guard import Guard
from tokenpulse.spill.spill_files import Place, prepare_directory, target_of
from tokenpulse.spill.spill_intake import SpilledIntake
from tokenpulse.spill.spill_log import SpillLog
from tokenpulse.spill.spill_replayer import Replayer
from tokenpulse_shared.errors import SettingsError
from tokenpulse_shared.settings import Settings

_BOOT: Final = Path("/proc/sys/kernel/random/boot_id")


def check_spill_path(settings: Settings) -> None:
    """Make the spill directory unless it is there.

    Raises:
        SettingsError: files cannot be made in it.
    """
    assert settings.spill_path is not None
    try:
        prepare_directory(Path(settings.spill_path), target_of(settings.redis_url, settings.key_prefix))
    except (OSError, ImportError) as error:
        reason = (error.strerror if isinstance(error, OSError) else None) or str(error)
        expected = f"a directory in which files can be made and locked ({reason})"
        raise SettingsError("spill_path", settings.spill_path, expected) from error


class Spill:
    """Hold a recorder's log with what brings other processes' logs to Redis."""

    def __init__(
        self,
        settings: Settings,
        series: Aggregator,
        http: HttpAggregator,
        guard: Guard,
        clock: BucketClock,
        replay_clock: BucketClock,
        connect: Callable[[], redis.Redis],
    ) -> None:
        assert settings.spill_path is not None
        place = Place(
            Path(settings.spill_path),
            target_of(settings.redis_url, settings.key_prefix),
            settings.app_name,
            _read_boot(),
            settings.spill_bytes,
        )
        writer_id = uuid.uuid4().hex
        log = SpillLog(place, writer_id, guard)
        self.intake = SpilledIntake(
            log, writer_id, settings.app_name, series, http, guard, clock, settings.max_providers
        )
        self._replayer = Replayer(connect, settings, replay_clock, guard, place)

    def start(self) -> None:
        """Begin to replay what other processes left behind."""
        self._replayer.start()

    def close(self, has_waiting: Callable[[], bool]) -> None:
        """Delete the log if nothing waits any more; else it stays, for this process or the next."""
        self._replayer.stop()
        self.intake.close(has_waiting)

    def abandon(self) -> None:
        """Leave everything to the process that this one was forked from."""
        self.intake.abandon()
        self._replayer.abandon()

    def stats(self) -> dict[str, Any]:
        """Return {bytes, stopped, replaying: whether other processes' records may still be on their way}."""
        return {**self.intake.stats(), "replaying": self._replayer.is_running}


def _read_boot() -> str | None:
    """Return what names this run of the machine, None where nothing does."""
    with contextlib.suppress(OSError):
        return _BOOT.read_text().strip()
    return None
