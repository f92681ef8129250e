"""Read the indexes: which providers, models and gateways there are."""

from collections.abc import Sequence
from typing import Any

from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.redis_reads import RedisReads


class IndexReader:
    """Load names; an index that holds something else reads as empty, and is noted as corrupt."""

    def __init__(self, reads: RedisReads, keyspace: Keyspace) -> None:
        self._reads = reads
        self._keyspace = keyspace

    def _names(self, key: str, reply: Any) -> list[str]:
        if not self._reads.usable(key, reply, list):
            return []
        return sorted(name.decode("utf-8", "replace") for name in reply)

    async def _index(self, key: str) -> list[str]:
        return self._names(key, await self._reads.one("ZRANGE", key, 0, -1))

    async def _holds(self, key: str, name: str) -> bool:
        return isinstance(await self._reads.one("ZSCORE", key, name), float | bytes)

    async def providers(self) -> list[str]:
        """Return the providers known, sorted by name."""
        return await self._index(self._keyspace.providers())

    async def models_with_past(self) -> dict[str, list[str]]:
        """Return the models of each provider, sorted by name, with those that lost their place within 100 days."""
        keys = self._keyspace
        now, past = await self._reads.batch(
            [("ZRANGE", key, 0, -1) for key in (keys.providers(), keys.past_providers())]
        )
        names = {*self._names(keys.providers(), now), *self._names(keys.past_providers(), past)}
        indexes = [
            (provider, key)
            for provider in sorted(names)
            for key in (keys.models(provider), keys.past_models(provider))
        ]
        replies = await self._reads.batch([("ZRANGE", key, 0, -1) for _, key in indexes])
        found: dict[str, set[str]] = {}
        for (provider, key), reply in zip(indexes, replies, strict=True):
            found.setdefault(provider, set()).update(self._names(key, reply))
        return {provider: sorted(models) for provider, models in found.items()}

    async def gateways(self) -> list[str]:
        """Return the gateways known, sorted by name."""
        return await self._index(self._keyspace.gateways())

    async def has_provider(self, provider: str) -> bool:
        """Tell whether the provider is known."""
        return await self._holds(self._keyspace.providers(), provider)

    async def has_model(self, provider: str, model: str) -> bool:
        """Tell whether the provider is known to have the model."""
        return await self._holds(self._keyspace.models(provider), model)

    async def has_gateway(self, gateway: str) -> bool:
        """Tell whether the gateway is known."""
        return await self._holds(self._keyspace.gateways(), gateway)

    async def models(self, providers: Sequence[str]) -> dict[str, list[str]]:
        """Return the models known of each provider, sorted by name."""
        keys = [self._keyspace.models(provider) for provider in providers]
        replies = await self._reads.batch([("ZRANGE", key, 0, -1) for key in keys])
        return {
            provider: self._names(key, reply)
            for provider, key, reply in zip(providers, keys, replies, strict=True)
        }

    async def providers_of(self, model: str) -> list[str]:
        """Return the providers that know the model, sorted by name."""
        providers = await self.providers()
        replies = await self._reads.batch(
            [("ZSCORE", self._keyspace.models(provider), model) for provider in providers]
        )
        return [
            provider
            for provider, score in zip(providers, replies, strict=True)
            if isinstance(score, float | bytes)
        ]
