"""Choose who follows a request."""

import os
from typing import Any

from tokenpulse.annotations import SCOPE_KEY
from tokenpulse.asgi import App, Receive, Scope, Send
from tokenpulse.endpoints import Endpoints
from tokenpulse.lifespan import run_lifespan
from tokenpulse.naming import Naming, ProviderOf
from tokenpulse.observer import InferenceObserver, OnObservation
from tokenpulse.plain import PlainObserver
from tokenpulse.recorder import Recorder
from tokenpulse_shared.clock import Clock
from tokenpulse_shared.settings import Settings


class TokenPulseMiddleware:
    """Measure an ASGI app's inference traffic without changing it.

    Args:
        app: any ASGI app.
        recorder: where the numbers go; None: one of its own, from the settings.
        provider: names the provider of a request by its scope; None from it: look further.
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
        provider: ProviderOf | None = None,
        on_observation: OnObservation | None = None,
        clock: Clock | None = None,
        **settings: Any,
    ) -> None:
        if recorder is not None and not settings:
            loaded = recorder.settings
        else:
            loaded = Settings.load(os.environ, **settings)
        self.app = app
        self.recorder = recorder if recorder is not None else Recorder(settings=loaded, clock=clock)
        self._endpoints = Endpoints()
        self._naming = Naming(loaded.provider_header, provider)
        self._on_observation = on_observation

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Run the app; only `http` and `lifespan` scopes are looked at, and each request once."""
        observer = self._observer(scope, receive, send) if scope["type"] == "http" else None
        if observer is None:
            if scope["type"] == "lifespan":
                await run_lifespan(self.app, scope, receive, send, self.recorder)
            else:
                await self.app(scope, receive, send)
            return
        try:
            await self.app(scope, observer.receive, observer.app_send())
        except BaseException as error:
            observer.end(error)
            raise
        observer.end()

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
                else InferenceObserver(
                    scope, receive, send, recorder, endpoint, self._naming, self._on_observation
                )
            )
            recorder.in_progress.add(observer)
            scope[SCOPE_KEY] = observer
        except Exception as error:  # noqa: BLE001 - measuring never breaks the app
            recorder.internal_error("begin", error)
            return None
        return observer
