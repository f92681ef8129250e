"""Take the measurements that clients post to a reader."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from tokenpulse_shared.settings import Settings

if TYPE_CHECKING:
    from tokenpulse import Recorder

APP_NAME: Final = "tokenpulse-reader"
"""What the recorder reports itself as, beside the apps that the middleware measures."""


@asynccontextmanager
async def recorder_of_posts(settings: Settings) -> AsyncIterator["Recorder"]:
    """Give a recorder of the reader's own; it connects, starts its thread, at the first measurement. Flushes at the end.

    It prices nothing: a posted measurement tells no tokens.
    """
    from tokenpulse import Recorder

    recorder = Recorder(settings=replace(settings, app_name=APP_NAME, genai_prices=False, price_file=None))
    try:
        yield recorder
    finally:
        await recorder.aclose()
