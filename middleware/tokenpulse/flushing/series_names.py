"""Ask Redis for the names of what was gathered, lump what is not admitted.

Strategy: all that is new in a flush is asked for in two round trips, providers first, before anything is taken; what
is taken is then judged by the answers. A name that came in between is asked for by itself.
Invariant: what is lumped is counted, under `__other__`.
"""

import contextlib
import time
from collections.abc import Collection, Iterable
from typing import Final, Protocol

import redis

from tokenpulse.aggregation.aggregate import Aggregator
from tokenpulse.aggregation.gateway_aggregate import MAX_GATEWAYS, GatewayDelta
from tokenpulse.flushing.admission import Admission
from tokenpulse.guard import Guard
from tokenpulse.route_template import UNMATCHED
from tokenpulse_shared.keyspace import TOTALS_RETENTION_SECONDS, Keyspace
from tokenpulse_shared.names import OTHER
from tokenpulse_shared.settings import Settings

_ALWAYS_ROUTES: Final = frozenset((OTHER, UNMATCHED))


class Gathered(Protocol):
    """Hold what was gathered of a provider."""

    is_vouched: bool

    def models(self) -> dict[str, bool]:
        """Return model → worth a series of its own."""

    def lump(self, refused: set[str]) -> int:
        """Count the given models under `__other__`; return how many requests that concerned."""


class SeriesNames:
    """Hold what is known of the indexes of names; used by the flush thread only."""

    def __init__(
        self, client: redis.Redis, keyspace: Keyspace, settings: Settings, series: Aggregator, guard: Guard
    ) -> None:
        ttl = TOTALS_RETENTION_SECONDS
        self._keys = keyspace
        self._series = series
        self._guard = guard
        self._routes_key = keyspace.routes(settings.app_name)
        self._providers = Admission(client, most=settings.max_providers, ttl_seconds=0)
        self._models = Admission(client, most=settings.max_models_per_provider, ttl_seconds=ttl)
        self._gateways = Admission(client, most=MAX_GATEWAYS, ttl_seconds=0)
        self._routes = Admission(client, most=settings.max_routes, ttl_seconds=ttl)

    def foresee(self, now: float) -> None:
        """Ask for the names in use; what keeps Redis from answering is met again where a name is needed."""
        in_use = self._series.names_in_use()
        monotonic = time.monotonic()
        key = self._keys.providers()
        vouched = {provider: is_vouched for provider, (is_vouched, _) in in_use.items()}
        with contextlib.suppress(redis.RedisError, OSError):
            self._providers.ask([(key, vouched)], now, monotonic)
            refused = self._providers.refused(key, vouched)
            admitted = [provider for provider in in_use if provider != OTHER and provider not in refused]
            questions = [(self._keys.models(provider), in_use[provider][1]) for provider in admitted]
            self._models.ask(questions, now, monotonic)

    def trust(self, provider: str) -> None:
        """Take a provider for admitted, unasked."""
        self._providers.trust(self._keys.providers(), provider)

    def is_admitted(self, provider: str, gathered: Gathered, now: float) -> bool:
        """Tell whether a provider is a series.

        Raises:
            redis.RedisError: Redis could not be asked.
            OSError: the same, in a way the driver does not translate.
        """
        names = {provider: gathered.is_vouched}
        return not self._providers.resolve(self._keys.providers(), names, now, time.monotonic())

    def lump(self, provider: str, gathered: Gathered, now: float) -> None:
        """Count a provider's models that are no series under `__other__`, all of those of `__other__` itself.

        Raises:
            redis.RedisError: Redis could not be asked; nothing has changed.
            OSError: the same, in a way the driver does not translate.
        """
        models = gathered.models()
        if provider == OTHER:
            refused = set(models) - {OTHER}
        else:
            key = self._keys.models(provider)
            refused = self._models.resolve(key, models, now, time.monotonic())
            self._series.known[provider] = self._models.admitted[key]
        if refused:
            self._guard.count("overflow:model", gathered.lump(refused))

    def known_models(self, provider: str) -> Collection[str]:
        """Return the models of a provider that are known to be series."""
        return self._models.admitted.get(self._keys.models(provider), ())

    def refused_gateways(self, gateways: Collection[str], now: float) -> set[str]:
        """Have gateways listed; return those for which there is no room.

        Raises:
            redis.RedisError: Redis could not be asked.
            OSError: the same, in a way the driver does not translate.
        """
        names = dict.fromkeys(gateways, True)
        return self._gateways.resolve(self._keys.gateways(), names, now, time.monotonic()) if names else set()

    def drop_unknown_models(self, deltas: Iterable[GatewayDelta]) -> None:
        """List only such models under a gateway as are series of some provider."""
        admitted = self._models.admitted.values()
        for delta in deltas:
            delta.models = {
                model: at for model, at in delta.models.items() if any(model in known for known in admitted)
            }

    def refused_routes(self, routes: Collection[str], now: float) -> set[str]:
        """Return those of an app's routes that are to count under `__other__`.

        Raises:
            redis.RedisError: Redis could not be asked.
            OSError: the same, in a way the driver does not translate.
        """
        names = dict.fromkeys(set(routes) - _ALWAYS_ROUTES, True)
        return self._routes.resolve(self._routes_key, names, now, time.monotonic()) if names else set()

    def forget(self) -> None:
        """Ask for every name again when it is next used: Redis lost what it had."""
        for admission in (self._providers, self._models, self._gateways, self._routes):
            admission.forget()
