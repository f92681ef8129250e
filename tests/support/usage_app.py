"""An app that tells usage in a stream only when asked, wrapped with `inject_include_usage`, under `/bare` bare.

The stream comes 97 bytes a message. Each observation is printed: `observation {…}`.
"""

from typing import Any, Final

from tests.support.surroundings_app import PrintingRecorder, complete_lifespan, either
from tests.support.usage_streams import STORY, Writing, serving, written
from tokenpulse import TokenPulseMiddleware
from tokenpulse_shared.settings import Settings

_places: Final = range(0, len(written(STORY, Writing(), has_usage=True)), 97)
_stream: Final = serving(places=_places)


async def _app(scope: Any, receive: Any, send: Any) -> None:
    if scope["type"] == "lifespan":
        await complete_lifespan(receive, send)
    else:
        await _stream(scope, receive, send)


_settings: Final = Settings.load({}, redis_url="memory://", inject_include_usage=True)
app: Final = either(TokenPulseMiddleware(_app, recorder=PrintingRecorder(settings=_settings)), _app)
