"""Bodies under a content encoding are read where that is safe."""

import gzip
import tracemalloc
import zlib
from typing import Final

from tests.support.answers import chat_answer, chat_request, short_stream
from tests.support.asgi import JSON_TYPE, SSE_TYPE, body, replay, start
from tests.support.exchange import Exchange

GZIP: Final = (b"content-encoding", b"gzip")


async def test_compressed_stream_is_read() -> None:
    """A gzip stream that is flushed event by event tells what the plain one tells, each event at its time."""
    run = Exchange()
    encoder = zlib.compressobj(wbits=31)
    pieces = [encoder.compress(piece) + encoder.flush(zlib.Z_SYNC_FLUSH) for piece in short_stream()]
    observation = await run.stream([*pieces, encoder.flush()], SSE_TYPE, GZIP)

    assert (observation.outcome, observation.tokens_output) == ("success", 4)
    assert (observation.ttft_seconds, observation.first_visible_seconds) == (2.0, 3.0)


async def test_bomb_is_not_inflated() -> None:
    """A small body that would become 100 MB is given up at its bound; the client has it all."""
    run = Exchange()
    bomb = gzip.compress(b"\0" * 100_000_000)
    tracemalloc.start()
    try:
        observation = await run.run(replay([start(200, JSON_TYPE, GZIP), body(bomb)]))
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert peak < 8_000_000
    assert (observation.outcome, observation.usage_source) == ("success", "unknown")
    assert run.sink.faults == ["response_too_large_to_decode"]


async def test_compressed_request_is_read() -> None:
    """The model of a gzip request is known, and a coding nobody knows is a malformed body."""
    unread = ["request_body_malformed"]
    for encoding, model, faults in (
        (b"gzip", "openai/gpt-4o", []),
        (b"x", "gpt-4o-2024-11-20", unread),
    ):
        run = Exchange(gzip.compress(chat_request()))
        answer = replay([start(200, JSON_TYPE), body(chat_answer())])
        observation = await run.run(answer, headers=[(b"content-encoding", encoding)])

        assert observation.model == model
        assert run.sink.faults == faults
