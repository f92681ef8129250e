"""Many streams of one HTTP/2 connection, early hints, trailers."""

from collections.abc import Callable
from typing import Final

import orjson
import pytest

from tests.support.asgi import CHAT
from tests.support.conversations import EARLY_HINT, TRAILERS
from tests.support.servers import SPEAKS_HTTP2, Server, unique_name
from tests.support.surroundings_app import BARE
from tests.support.wire import converse, http2

STREAMS: Final = 100


@pytest.mark.parametrize("name", SPEAKS_HTTP2)
def test_streams_of_one_connection_share_nothing(serve: Callable[[str], Server], name: str) -> None:
    """100 streams, all in mid-answer at once: each observation has its own model, tokens, finish."""
    server, meeting = serve(name), unique_name("meeting")
    words = {f"acme/{meeting}-{number}": number + 1 for number in range(STREAMS)}
    with http2(server.port) as client:
        streams = [
            client.ask(
                "POST",
                f"/meeting/{meeting}{CHAT}",
                orjson.dumps({"model": model, "stream": True, "words": count, "guests": STREAMS}),
            )
            for model, count in words.items()
        ]
        transcripts = client.read_to_end(*streams)
    observations = [server.observation(model) for model in words]

    assert [transcript.ending for transcript in transcripts] == ["ended"] * STREAMS
    assert {each["model"]: (each["tokens_input"], each["tokens_output"]) for each in observations} == {
        model: (count + 1_000, count) for model, count in words.items()
    }
    assert {(each["outcome"], each["finish_reason"]) for each in observations} == {("success", "stop")}
    assert all(0.0 < each["ttft_seconds"] < each["latency_seconds"] for each in observations)


def test_early_hints_and_trailers(serve: Callable[[str], Server]) -> None:
    """Hypercorn sends both over HTTP/2, as without us; a hint is no first token, trailers end the response."""
    server, model = serve("hypercorn"), unique_name("hinted")
    path, content = f"/hinted/{model}{CHAT}", orjson.dumps({"model": f"acme/{model}"})
    with_us = converse("h2", server.port, "POST", path, content)
    without = converse("h2", server.port, "POST", BARE + path, content)
    observation = server.observation(f"acme/{model}")
    kinds = [kind for kind, _ in with_us.heads]

    assert with_us == without
    assert kinds == ["InformationalResponseReceived", "ResponseReceived", "TrailersReceived"]
    assert (b"link", EARLY_HINT["links"][0]) in with_us.heads[0][1]
    assert with_us.heads[2][1] == TRAILERS["headers"]
    assert (observation["outcome"], observation["tokens_output"]) == ("success", 4)
    assert observation["ttfb_seconds"] < observation["ttft_seconds"] < observation["latency_seconds"]
