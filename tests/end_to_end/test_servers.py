"""One suite of conversations over every server: clients get what they get unwrapped, each leaves one record."""

import time
from collections.abc import Callable
from typing import Any, Final

import orjson
import pytest

from tests.support.asgi import CHAT
from tests.support.processes import wait_until
from tests.support.servers import Server, on_every_server, unique_name
from tests.support.surroundings_app import BARE
from tests.support.wire import (
    Http2Client,
    Protocol,
    connect,
    converse,
    head_of,
    http2,
    read_to_end,
    read_until,
)

SLOW_SECONDS: Final = 0.4


def _question(model: str) -> bytes:
    return orjson.dumps({"model": f"acme/{model}", "messages": [{"role": "user", "content": "go"}]})


@on_every_server
@pytest.mark.parametrize(
    ("conversation", "facts"),
    [
        ("answer", {"outcome": "success", "status_code": 200, "tokens_input": 12, "tokens_output": 7}),
        ("stream", {"outcome": "success", "status_code": 200, "tokens_input": 5, "tokens_output": 4}),
        ("reused", {"outcome": "success", "status_code": 200, "tokens_input": 5, "tokens_output": 4}),
        ("views", {"outcome": "success", "status_code": 200, "tokens_input": 5, "tokens_output": 4}),
        ("hinted", {"outcome": "success", "status_code": 200, "tokens_input": 5, "tokens_output": 4}),
        ("linger", {"outcome": "success", "status_code": 200, "tokens_input": 5, "tokens_output": 4}),
        ("raise_before", {"outcome": "app_exception", "status_code": 500, "error_type": "RuntimeError"}),
        ("raise_after", {"outcome": "app_exception", "status_code": 200, "error_type": "RuntimeError"}),
        ("no_start", {"outcome": "truncated", "status_code": 500, "error_type": None}),
        ("no_end", {"outcome": "truncated", "status_code": 200, "error_type": None}),
    ],
)
def test_inference_is_the_same_on_the_wire(
    serve: Callable[[str], Server], name: str, protocol: Protocol, conversation: str, facts: dict[str, Any]
) -> None:
    """However a conversation goes, every byte is as it is unwrapped, and the one observation is right."""
    server, model = serve(name), unique_name(conversation)
    path, content = f"/{conversation}/{model}{CHAT}", _question(model)
    with_us = converse(protocol, server.port, "POST", path, content)
    without = converse(protocol, server.port, "POST", BARE + path, content)
    observation = server.observation(f"acme/{model}")
    is_streaming = conversation not in ("answer", "raise_before", "no_start")

    assert with_us == without
    assert with_us.heads != []
    assert {key: observation[key] for key in facts} == facts
    assert (observation["ttft_seconds"] is not None) == is_streaming


@on_every_server
def test_app_that_never_reads_its_request(
    serve: Callable[[str], Server], name: str, protocol: Protocol
) -> None:
    """Without a `receive` of the app there is none of ours: the answer counts, the request stays unknown."""
    server, model = serve(name), unique_name("unread")
    path = f"/unread/{model}{CHAT}"
    with_us = converse(protocol, server.port, "POST", path, _question(model))
    observation = server.observation(model)  # named by `annotate`, for the body was not read

    assert with_us == converse(protocol, server.port, "POST", BARE + path, _question(model))
    assert (observation["outcome"], observation["tokens_output"]) == ("success", 4)


@on_every_server
def test_disconnect_after_the_end_is_none(
    serve: Callable[[str], Server], name: str, protocol: Protocol
) -> None:
    """Servers say `http.disconnect` after every normal end: the app hears it, the outcome stays success."""
    server, model = serve(name), unique_name("linger")
    converse(protocol, server.port, "POST", f"/linger/{model}{CHAT}", _question(model))
    wait_until(lambda: [model, "http.disconnect"] in server.printed("lingered"), "the app has heard it")

    assert server.observation(f"acme/{model}")["outcome"] == "success"


@on_every_server
def test_client_leaves_in_mid_stream(serve: Callable[[str], Server], name: str, protocol: Protocol) -> None:
    """A socket closed, or a stream reset, after the first word: client_disconnect, its first token kept."""
    server, model = serve(name), unique_name("hold")
    path, content = f"/hold/{model}{CHAT}", _question(model)
    if protocol == "h2":
        with http2(server.port) as client:
            stream = client.ask("POST", path, content)
            while b'"a"' not in client.transcript(stream).body:
                client.read()
            client.leave(stream)
            observation = server.observation(f"acme/{model}")  # the connection still stands
    else:
        with connect(server.port) as connection:
            connection.sendall(head_of("POST", path, len(content)) + content)
            read_until(connection, b'"a"')
        observation = server.observation(f"acme/{model}")

    assert observation["outcome"] == "client_disconnect"
    assert observation["error_type"] is None
    assert 0.0 < observation["ttft_seconds"] < observation["latency_seconds"]
    assert (observation["tokens_output"], observation["usage_source"]) == (None, "unknown")


@on_every_server
def test_work_after_the_end_is_not_latency(
    serve: Callable[[str], Server], name: str, protocol: Protocol
) -> None:
    """The observation is made when the response has ended, while the app still works."""
    server, model = serve(name), unique_name("background")
    converse(protocol, server.port, "POST", f"/background/{model}{CHAT}", _question(model))
    server.observation(f"acme/{model}")
    still_works = model not in server.printed("background")
    converse(protocol, server.port, "GET", f"/release/{model}")
    wait_until(lambda: model in server.printed("background"), "the work has ended")

    assert still_works


@on_every_server
def test_slow_client_is_told_apart(serve: Callable[[str], Server], name: str, protocol: Protocol) -> None:
    """A client that takes its time shows as send_wait, and the time to first token is the app's own."""
    # More than all buffers in between hold: 16 MiB, or 1 MiB against HTTP/2's window of 64 KiB.
    server, model = serve(name), unique_name("16-long" if protocol == "h2" else "256-long")
    path, content = f"/long/{model}{CHAT}", _question(model)
    with connect(server.port, buffer_bytes=65_536) as connection:
        if protocol == "h2":
            client = Http2Client(connection)
            stream = client.ask("POST", path, content)
            time.sleep(SLOW_SECONDS)  # the client being slow, no waiting for anything
            client.read_to_end(stream)
        else:
            connection.sendall(head_of("POST", path, len(content)) + content)
            time.sleep(SLOW_SECONDS)
            read_to_end(connection)
    observation = server.observation(f"acme/{model}")

    assert observation["outcome"] == "success"
    assert 0.5 * SLOW_SECONDS < observation["send_wait_seconds"] <= observation["latency_seconds"]
    assert observation["ttft_seconds"] < 0.5 * SLOW_SECONDS
