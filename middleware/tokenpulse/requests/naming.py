"""Name the provider and the model of a request."""

from collections.abc import Callable
from typing import Final, NamedTuple

from tokenpulse.annotations import Annotations
from tokenpulse.asgi import Scope
from tokenpulse.sink import Sink
from tokenpulse_shared.names import (
    KNOWN_PROVIDERS,
    MAX_NAME_CHARACTERS,
    UNKNOWN,
    clean_name,
    provider_of_model,
)
from tokenpulse_shared.redact import masked_name

ProviderOf = Callable[[Scope], object]
"""Names a request's provider; None, or what is no text: look further."""


MAX_REMEMBERED: Final = 1024
"""Most models whose names are remembered; then all are forgotten, so that a flood of names keeps no room."""


class Names(NamedTuple):
    """Hold both names; vouched: told by the app or its operator, not by whoever sent the request.

    A well-known provider needs nobody's word.
    """

    provider: str
    model: str
    is_provider_vouched: bool
    is_model_vouched: bool


def provider_by(model: str, vendor: str | None) -> str:
    """Return the provider a model's id names by its prefix, else whose protocol was spoken.

    In a vendor's own protocol a colon splits off no provider: `llama3:8b` of Ollama's, `amazon.nova-lite-v1:0`
    of Bedrock's; a known provider before `/` still does.
    """
    named = provider_of_model(model)
    return named if vendor is None or ("/" in model and named in KNOWN_PROVIDERS) else vendor


def _callers_name(told: str | None) -> str:
    """Return a name from a request, fit to keep: it may be anything."""
    return masked_name(clean_name(told)) if told else UNKNOWN


class Naming:
    """Find names: what the app annotated, else the header, the callable, the model's own prefix, the protocol."""

    def __init__(self, provider_header: str | None, provider_of: ProviderOf | None) -> None:
        self._header = None if provider_header is None else provider_header.lower().encode("latin-1")
        self._provider_of = provider_of
        self._by_model_alone = self._header is None and provider_of is None
        self._remembered: dict[tuple[str | None, str | None], Names] = {}

    def find(
        self,
        scope: Scope,
        annotations: Annotations | None,
        model: str | None,
        sink: Sink,
        vendor: str | None = None,
    ) -> Names:
        """Return the names of a request.

        model: what the request asked for, else what its path or response named; None: nothing did.
        vendor: whose protocol it speaks; None: one that many providers speak.
        """
        if annotations is None and self._by_model_alone:
            return self._remembered.get((model, vendor)) or self._of_model(model, vendor)
        is_model_vouched = annotations is not None and annotations.model is not None
        if annotations is not None and annotations.model is not None:
            name = annotations.model
        else:
            name = _callers_name(model)
        if annotations is not None and annotations.provider is not None:
            return Names(annotations.provider, name, True, is_model_vouched)
        if self._header is not None:
            told = self._from_header(scope, self._header)
            if told:
                provider = _callers_name(told)
                return Names(provider, name, provider in KNOWN_PROVIDERS, is_model_vouched)
        if self._provider_of is not None:
            told = self._from_callable(scope, self._provider_of, sink)
            if told:
                return Names(clean_name(told), name, True, is_model_vouched)
        provider = provider_by(name, vendor)
        return Names(provider, name, provider in KNOWN_PROVIDERS, is_model_vouched)

    def _of_model(self, model: str | None, vendor: str | None) -> Names:
        name = _callers_name(model)
        provider = provider_by(name, vendor)
        names = Names(provider, name, provider in KNOWN_PROVIDERS, False)
        if len(self._remembered) >= MAX_REMEMBERED:
            self._remembered.clear()
        if len(model or "") <= MAX_NAME_CHARACTERS:
            self._remembered[model, vendor] = names
        return names

    def _from_header(self, scope: Scope, header: bytes) -> str | None:
        headers = scope.get("headers")
        if not isinstance(headers, list | tuple):
            return None
        for name, value in headers:
            if name.lower() == header:
                return str(bytes(value), "utf-8", "replace").strip()
        return None

    def _from_callable(self, scope: Scope, provider_of: ProviderOf, sink: Sink) -> str | None:
        try:
            told = provider_of(scope)
        except Exception as error:  # noqa: BLE001 - the operator's function must not break the request
            sink.internal_error("provider", error)
            return None
        if told is not None and not isinstance(told, str):
            sink.count_fault("provider_not_text")
            return None
        return told or None
