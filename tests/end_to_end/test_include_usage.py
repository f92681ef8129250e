"""Usage asked for on the caller's behalf, over sockets."""

from collections.abc import Iterator

import httpx
import pytest

from tests.support.answers import chat_request
from tests.support.asgi import CHAT
from tests.support.servers import Server, running_server, unique_name
from tests.support.surroundings_app import BARE
from tests.support.usage_streams import STORY, Writing, written

USAGE_APP = "tests.support.usage_app:app"


@pytest.fixture(scope="module", params=["uvicorn-h11", "uvicorn-httptools", "hypercorn", "granian"])
def server(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Give a server of the wrapped app."""
    with running_server(request.param, app=USAGE_APP) as running:
        yield running


@pytest.mark.parametrize("is_chunked", [False, True])
def test_client_sees_no_difference(server: Server, is_chunked: bool) -> None:
    """With a length or chunked: status, headers, bytes are as unwrapped, while the usage is measured."""
    model = unique_name("usage")
    question = chat_request(f"acme/{model}", stream=True)
    content = iter([question[:9], question[9:]]) if is_chunked else question
    url = f"http://127.0.0.1:{server.port}"
    headers = {"content-type": "application/json"}
    with httpx.Client(base_url=url, headers=headers, timeout=20) as client:
        bare = client.post(BARE + CHAT, content=question)
        answer = client.post(CHAT, content=content)
    observation = server.observation(f"acme/{model}")

    assert (answer.status_code, answer.content) == (200, written(STORY, Writing(), has_usage=False))
    assert answer.content == bare.content
    assert set(answer.headers) == set(bare.headers)
    assert (observation["tokens_input"], observation["tokens_output"]) == (5, 4)
    assert (observation["usage_source"], observation["outcome"]) == ("reported", "success")
    assert 0.0 < observation["ttft_seconds"] < observation["latency_seconds"]


def test_caller_that_asks_gets_usage(server: Server) -> None:
    """A caller's own `include_usage` brings it everything."""
    content = chat_request("acme/asks", stream=True, stream_options={"include_usage": True})
    answer = httpx.post(f"http://127.0.0.1:{server.port}{CHAT}", content=content, timeout=20)

    assert answer.content == written(STORY, Writing(), has_usage=True)
