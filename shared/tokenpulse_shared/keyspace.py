"""Every Redis key tokenpulse uses, built here and nowhere else.

Strategy: `{provider}` is a Redis Cluster hash tag, so all keys of one provider share a slot and one script
can change them atomically. Names are percent-encoded where they hold `: { } %` or a control character, so
that no two names build the same key and no caller can steer a slot. Keys are built, never parsed.

A *window* is one series (a provider, or a model of it) in one minute or hour; its stamp is
`YYYY-MM-DD:HH:MM` or `YYYY-MM-DD:HH` in UTC. While it is open its counters and sketches are hashes; once it
is over the seal script packs them into a record (see `sealed`) of its block: minutes by hour, hours by day.

Bounds: retention times below; every key is written together with its time to live.
"""

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, Literal, NamedTuple

from tokenpulse_shared.errors import SettingsError

DEFAULT_PREFIX: Final = "tokenpulse:"

MINUTE_RETENTION_SECONDS: Final = 2 * 3600
HOUR_RETENTION_SECONDS: Final = 8 * 86400
DAY_RETENTION_SECONDS: Final = 100 * 86400
TOTALS_RETENTION_SECONDS: Final = 30 * 86400
ERRORS_RETENTION_SECONDS: Final = 3600
CIRCUIT_RETENTION_SECONDS: Final = 900
HEALTH_BOARD_SECONDS: Final = 120
HEALTH_TERM_SECONDS: Final = 86400
"""Longer than a reader may be paused and still come back with a board of its own."""
POST_KEY_SECONDS: Final = 86400
"""How long a client may post the same measurement again."""
FORCED_RETENTION_SECONDS: Final = 30 * 86400
"""How long a breaker that somebody forced open or closed stays so without any call."""
SEAL_DELAY_SECONDS: Final = 30
"""How long after its end a window stays open: longer than a flush, its retry and a clock's error."""
MAX_ERRORS_PER_PROVIDER: Final = 100

Granularity = Literal["minute", "hour", "day"]
SECONDS_PER: Final[dict[Granularity, int]] = {"minute": 60, "hour": 3600, "day": 86400}
_STAMP_FORMAT: Final[dict[Granularity, str]] = {
    "minute": "%Y-%m-%d:%H:%M",
    "hour": "%Y-%m-%d:%H",
    "day": "%Y-%m-%d",
}
_ESCAPED = re.compile(r"[\x00-\x20:{}%\x7f]")
_NO_NAME: Final = "%"
_WINDOW_MEMBER = re.compile(r"(?:(?P<model>[^:]*):)?(?P<stamp>\d{4}-\d\d-\d\d:\d\d(?::\d\d)?)")


def encode_name(name: str) -> str:
    """Return the name with `: { } %`, space and control characters percent-encoded; injective.

    No name at all is `%`: empty braces would be no hash tag, and each key would have a slot of its own.
    """
    if name.isalnum():
        return name
    return _ESCAPED.sub(lambda match: f"%{ord(match[0]):02X}", name) or _NO_NAME


def decode_name(encoded: str) -> str:
    """Return the name that `encode_name` was given."""
    if encoded == _NO_NAME:
        return ""
    return re.sub(r"%([0-9A-F]{2})", lambda match: chr(int(match[1], 16)), encoded)


def stamp(granularity: Granularity, epoch_seconds: float) -> str:
    """Return a window's UTC stamp: `2026-11-21:01:05`, `2026-11-21:01` or `2026-11-21`."""
    return datetime.fromtimestamp(epoch_seconds, UTC).strftime(_STAMP_FORMAT[granularity])


def parse_stamp(text: str) -> tuple[Granularity, int]:
    """Return (granularity, epoch seconds of the start) of a stamp; ValueError for anything else."""
    granularity: Granularity = {10: "day", 13: "hour", 16: "minute"}.get(len(text), "day")  # type: ignore[assignment]  # dict of literals
    moment = datetime.strptime(text, _STAMP_FORMAT[granularity]).replace(tzinfo=UTC)
    return granularity, int(moment.timestamp())


class Window(NamedTuple):
    """Name an open window: `model` is None for the provider's own; `stamp` as in its keys."""

    model: str | None
    stamp: str


def parse_window(member: str) -> Window | None:
    """Return the window a member of the open-windows index names, None for anything else."""
    match = _WINDOW_MEMBER.fullmatch(member)
    if match is None:
        return None
    model = match["model"]
    return Window(None if model is None else decode_name(model), match["stamp"])


@dataclass(frozen=True, slots=True)
class Keyspace:
    """Build keys under one prefix.

    Every method takes plain names and returns the full key. `model=None` means the provider as a whole.
    """

    prefix: str = DEFAULT_PREFIX

    def __post_init__(self) -> None:
        if not self.prefix or not self.prefix.isprintable() or set(self.prefix) & set("{}* "):
            raise SettingsError(
                "TOKENPULSE_KEY_PREFIX", self.prefix, "printable text without spaces, braces or asterisks"
            )

    def _of(self, kind: str, provider: str, *rest: str) -> str:
        return ":".join((f"{self.prefix}{kind}", f"{{{encode_name(provider)}}}", *rest))

    @staticmethod
    def window_member(model: str | None, window_stamp: str) -> str:
        """Return what the open-windows index lists, and what window keys end with."""
        return window_stamp if model is None else f"{encode_name(model)}:{window_stamp}"

    def counters(self, provider: str, model: str | None, window_stamp: str) -> str:
        """Return the hash of a window's counters; for a provider's hour `metrics:{p}:<YYYY-MM-DD:HH>`."""
        return self._of("metrics", provider, self.window_member(model, window_stamp))

    def sketch(self, quantity: str, provider: str, model: str | None, window_stamp: str) -> str:
        """Return the hash of a window's sketch: `quantity` is one of `counters.SKETCHED`."""
        return self._of(quantity, provider, self.window_member(model, window_stamp))

    def window_base(self, kind: str, provider: str) -> str:
        """Return what the keys of one kind start with; a window's member completes them."""
        return self._of(kind, provider, "")

    def sealed_minutes(self, provider: str, model: str | None, hour_stamp: str) -> str:
        """Return the string that holds an hour's packed minutes."""
        return self._of("minutes", provider, self.window_member(model, hour_stamp))

    def sealed_hours(self, provider: str, model: str | None, day_stamp: str) -> str:
        """Return the string that holds a day's packed hours."""
        return self._of("hours", provider, self.window_member(model, day_stamp))

    def open_windows(self, provider: str) -> str:
        """Return the sorted set of windows not packed yet, scored by the second they may be."""
        return self._of("windows", provider)

    def totals(self, provider: str, model: str | None = None) -> str:
        """Return the hash of monotonic counters and histograms; the provider's also holds writers' guards."""
        return self._of("totals", provider, *(() if model is None else (encode_name(model),)))

    def errors(self, provider: str) -> str:
        """Return the list of a provider's last errors, newest first."""
        return self._of("errors", provider)

    def circuit(self, provider: str, model: str) -> str:
        """Return the hash of a breaker's state and recent calls."""
        return self._of("circuit", provider, encode_name(model))

    def moved_circuits(self, provider: str) -> str:
        """Return the hash of a provider's breakers that are not at rest: model → JSON (see `circuit_index`)."""
        return self._of("circuits", provider)

    def circuit_totals(self, provider: str) -> str:
        """Return the hash of what a provider's breakers counted, which only grows."""
        return self._of("circuit_totals", provider)

    def models(self, provider: str) -> str:
        """Return the sorted set of a provider's admitted models by last use."""
        return self._of("models", provider)

    def providers(self) -> str:
        """Return the sorted set of admitted providers by last use."""
        return f"{self.prefix}providers"

    def past_models(self, provider: str) -> str:
        """Return the sorted set of a provider's models that lost their place, by last use; see `scripts/admit.lua`."""
        return self._of("past_models", provider)

    def past_providers(self) -> str:
        """Return the sorted set of providers that lost their place, by last use; in the slot of `providers`."""
        return f"{self.prefix}past_providers:{{{self.providers()}}}"

    def provider_health(self) -> str:
        """Return the sorted set of providers by last health score."""
        return f"{self.prefix}provider_health"

    def health_scores_current(self) -> str:
        """Return the string that holds the last computed health of all providers."""
        return f"{self.prefix}provider_health_scores_current"

    def health_lease(self) -> str:
        """Return the string that names who computes the scores; it shares a slot with what he stores."""
        return f"{self.prefix}health_lease:{{{self.health_scores_current()}}}"

    def health_term(self) -> str:
        """Return the string that holds the last leader's term; it shares a slot with the computed health."""
        return f"{self.prefix}health_term:{{{self.health_scores_current()}}}"

    def provider_health_guard(self) -> str:
        """Return the string that tells which board the sorted set of scores is from; it shares its slot."""
        return f"{self.prefix}health_guard:{{{self.provider_health()}}}"

    def gateways(self) -> str:
        """Return the sorted set of gateways by last use."""
        return f"{self.prefix}gateways"

    def gateway_hour(self, gateway: str, hour_stamp: str) -> str:
        """Return the hash of a gateway's hour."""
        return self._of("gateway", gateway, hour_stamp)

    def gateway_models(self, gateway: str, hour_stamp: str) -> str:
        """Return the sorted set of models a gateway served in an hour, scored by last use."""
        return self._of("gateway_models", gateway, hour_stamp)

    def gateway_guard(self, gateway: str) -> str:
        """Return the hash of writers' guards of a gateway's counters."""
        return self._of("gateway_totals", gateway)

    def apps(self) -> str:
        """Return the sorted set of wrapped apps by last use."""
        return f"{self.prefix}apps"

    def http_totals(self, app_name: str) -> str:
        """Return the hash of an app's plain HTTP counters; it also holds the writers' guards."""
        return self._of("http", app_name)

    def routes(self, app_name: str) -> str:
        """Return the sorted set of an app's admitted routes by last use."""
        return self._of("routes", app_name)

    def writers(self, app_name: str) -> str:
        """Return the hash of an app's live writers: writer id → JSON of its own report."""
        return self._of("writers", app_name)

    def trials(self) -> str:
        """Return what all keys of trials start with; they share a slot."""
        return self._of("trials", "trials", "")

    def trial_user(self, digest: str) -> str:
        """Return the hash of a user's trial: event → second with day, and the plan."""
        return f"{self.trials()}user:{digest}"

    def trial_day(self, day_stamp: str) -> str:
        """Return the hash of a day's trial events."""
        return f"{self.trials()}day:{day_stamp}"

    def trial_state(self, event: str) -> str:
        """Return the sorted set of users whose furthest event is this one, by their last event."""
        return f"{self.trials()}state:{event}"

    def trial_hash_key(self) -> str:
        """Return the string that holds the key of users' digests, where no setting gives one."""
        return f"{self.trials()}hash_key"

    def post_keys(self) -> str:
        """Return the sorted set of keys that came with posts, as digests, by when."""
        return self._of("posts", "posts", "keys")

    def post_bodies(self) -> str:
        """Return the hash of these keys → how far the post is, digest of its body."""
        return self._of("posts", "posts", "bodies")

    def gauges(self) -> str:
        """Return the hash of gauges that were posted."""
        return f"{self.prefix}gauges"

    def reader_counts(self) -> str:
        """Return the hash of what readers count of themselves."""
        return self._of("reader", "reader", "counts")

    def reader_events(self) -> str:
        """Return the sorted set of events that readers counted, by when."""
        return self._of("reader", "reader", "events")

    def reader_guard(self, reader: str) -> str:
        """Return the string that holds the number of a reader's last batch of counts."""
        return self._of("reader", "reader", "guard", reader)

    def version(self) -> str:
        """Return the string that holds the keyspace's version."""
        return f"{self.prefix}version"
