"""Choose who follows a request."""

import os
from collections.abc import Iterable
from typing import Any

from tokenpulse.annotations import SCOPE_KEY
from tokenpulse.asgi import App, Receive, Scope, Send
from tokenpulse.breakers.breaker_gate import Breaker
from tokenpulse.dialects.base import Dialect
from tokenpulse.include_usage.usage_injection import UsageInjection, is_injectable
from tokenpulse.processes.lifespan import run_lifespan
from tokenpulse.reading.estimation import Estimator, Tokenizer
from tokenpulse.recorder import Recorder
from tokenpulse.requests.endpoints import Endpoints
from tokenpulse.requests.enforcement import Enforcement
from tokenpulse.requests.naming import Naming, ProviderOf
from tokenpulse.requests.observer import InferenceObserver, OnObservation, Reading
from tokenpulse.requests.plain import PlainObserver
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.settings import Settings


class TokenPulseMiddleware:
    """Measure an ASGI app's inference traffic without changing it.

    Args:
        app: any ASGI app.
        recorder: where the numbers go; None: one of its own, from the settings.
        dialects: protocols of your own (see `tokenpulse.dialects.base`), asked before the built-in ones.
        provider: names the provider of a request by its scope; None from it: look further.
        tokenizer: counts the tokens of a text where a response tells no usage; called on the event loop.
        on_observation: called with each finished Observation, on the event loop: keep it short.
        clock: for tests and replays.
        settings: see `tokenpulse_shared.settings.Settings`; else from the environment.

    Raises:
        SettingsError: a setting cannot be used.
    """

    def __init__(
        self,
        app: App,
        *,
        recorder: Recorder | None = None,
        dialects: Iterable[Dialect] = (),
        provider: ProviderOf | None = None,
        tokenizer: Tokenizer | None = None,
        on_observation: OnObservation | None = None,
        clock: Clock | None = None,
        **settings: Any,
    ) -> None:
        if recorder is not None and not settings:
            loaded = recorder.settings
        else:
            loaded = Settings.load(os.environ, **settings)
        self.recorder = recorder if recorder is not None else Recorder(settings=loaded, clock=clock)
        self.app: App = Enforcement(app, self.recorder) if loaded.breaker_mode == "enforce" else app
        self._endpoints = Endpoints(dialects, loaded.endpoints)
        is_estimated = tokenizer is not None or loaded.estimate_usage != "off"
        estimator = Estimator(loaded.estimate_usage, tokenizer, self.recorder.internal_error)
        self._injects_usage = loaded.inject_include_usage
        self._reading = Reading(
            Naming(loaded.provider_header, provider),
            on_observation,
            estimator.tally if is_estimated else None,
        )

    @property
    def breaker(self) -> Breaker:
        """Return what answers from memory whether a model may be called; see docs/breakers.md."""
        return self.recorder.breaker

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app; only `http` and `lifespan` scopes are looked at, and each request once."""
        injection = self._injection(scope, receive, send) if self._injects_usage else None
        if injection is not None:
            receive, send = injection.receive, injection.send
        observer = self._observer(scope, receive, send) if scope["type"] == "http" else None
        if observer is None:
            if scope["type"] == "lifespan":
                await run_lifespan(self.app, scope, receive, send, self.recorder)
            else:
                await self.app(scope, receive, send)
            return
        try:
            if injection is None:
                await self.app(scope, observer.receive, observer.app_send())
            else:
                await injection.run(self.app, scope, observer)
        except BaseException as error:
            observer.end(error)
            raise
        observer.end()

    def _injection(self, scope: Scope, receive: Receive, send: Send) -> UsageInjection | None:
        """Return who asks for usage on the caller's behalf, None where nobody may."""
        try:
            if scope["type"] == "http" and is_injectable(scope, self._endpoints.find(scope["path"])):
                return UsageInjection(receive, send, self.recorder)
        except Exception as error:  # noqa: BLE001 - measuring never breaks the app
            self.recorder.internal_error("inject_usage", error)
        return None

    def _observer(self, scope: Scope, receive: Receive, send: Send) -> PlainObserver | None:
        """Return who follows a request, None if an outer middleware already does, or none could be made."""
        if SCOPE_KEY in scope:
            return None
        recorder = self.recorder
        try:
            recorder.ensure_started()
            endpoint = self._endpoints.find(scope["path"]) if scope["method"] == "POST" else None
            observer = (
                PlainObserver(scope, receive, send, recorder)
                if endpoint is None
                else InferenceObserver(scope, receive, send, recorder, endpoint, self._reading)
            )
            scope[SCOPE_KEY] = observer  # first: a scope that cannot be written leaves nothing in progress
            recorder.in_progress.add(observer)
        except Exception as error:  # noqa: BLE001 - measuring never breaks the app
            recorder.internal_error("begin", error)
            return None
        return observer
