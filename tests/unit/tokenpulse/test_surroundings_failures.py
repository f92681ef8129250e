"""Whatever fails inside tokenpulse, even what counts the failures, the app's answer is what it was."""

import logging
from typing import Any

import pytest

from tests.support.answers import chat_answer, chat_request
from tests.support.asgi import CHAT, JSON_TYPE, Message, Server, body, http_scope, replay, request, start
from tokenpulse import Recorder, TokenPulseMiddleware

ANSWER: list[Message] = [start(200, JSON_TYPE), body(chat_answer())]
PATHS = [CHAT, "/plain"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("error", [RuntimeError("ours"), MemoryError()])
@pytest.mark.parametrize(
    "target",
    [
        "tokenpulse.recorder.Recorder.observe",
        "tokenpulse.recorder.Recorder.count_http",
        "tokenpulse.recorder.Recorder.ensure_started",
        "tokenpulse.recorder.Recorder.count_fault",
        "tokenpulse.aggregation.intake.Intake.add_observation",
        "tokenpulse.aggregation.intake.Intake.add_exchange",
        "tokenpulse.guard.Guard.count",
        "tokenpulse.requests.plain.route_template",
        "tokenpulse.requests.plain.method_label",
        "tokenpulse.requests.plain.PlainObserver._note",
        "tokenpulse.requests.plain.PlainObserver._stop",
        "tokenpulse.requests.plain.PlainObserver._record",
    ],
)
async def test_recorder_that_fails_never_shows(
    target: str, error: Exception, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever of the real recorder fails, even what counts the failures, the answer is what it was."""
    recorder = Recorder(redis_url="memory://")
    server = Server([request(chat_request(model=7))])

    def fail(*arguments: Any) -> None:
        raise error

    try:
        with monkeypatch.context() as patch:
            patch.setattr(target, fail)
            app = TokenPulseMiddleware(replay(ANSWER), recorder=recorder)
            await app(http_scope(path), server.receive, server.send)
    finally:
        recorder.close()

    assert server.sent == ANSWER
    assert recorder.in_progress == set()


@pytest.mark.parametrize("path", PATHS)
async def test_log_handler_that_raises_never_shows(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """An app's own log handler that raises on our error line costs the line, not the answer."""

    class Raising(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            raise OSError("no disk")

    recorder, handler = Recorder(redis_url="memory://"), Raising()
    server = Server([{"type": "http.request", "body": object()}])
    logging.getLogger("tokenpulse").addHandler(handler)
    try:
        app = TokenPulseMiddleware(replay(ANSWER), recorder=recorder)
        await app(http_scope(path), server.receive, server.send)
    finally:
        logging.getLogger("tokenpulse").removeHandler(handler)
        recorder.close()

    assert server.sent == ANSWER
    assert recorder.stats()["counts"]["error:receive"] == 1
