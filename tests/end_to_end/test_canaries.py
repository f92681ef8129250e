"""Secrets and texts of prompts and answers leave the process nowhere: canaries are sent, then looked for everywhere."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from typing import Any, Final

import httpx
import orjson
import pytest
import redis
from click.testing import CliRunner
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from tests.support.redis_server import RedisServer
from tests.support.sealing import seal
from tokenpulse import TokenPulseMiddleware
from tokenpulse.recorder import Recorder
from tokenpulse_reader.app import create_app
from tokenpulse_reader.cli import main
from tokenpulse_reader.routes import live
from tokenpulse_shared.keyspace import Keyspace
from tokenpulse_shared.settings import Settings
from tokenpulse_shared.store import MetricsStore

PASSWORD: Final = "Hq7canaryRedisPassword"
WRONG_PASSWORD: Final = "Wz3canaryWrongPassword"
SECRETS: Final = (
    "sk-canary4f9Qm2Zx8Lb7Vt5Kd1",
    "sk-ant-api03-canaryA8sK2mQ9xZ",
    "AIzaCanary9Xk2mQ7LpT4vB8nR1sW6yZ3cD5fG0",
    "canaryBearer8Jw3kPq6Zs",
    "canaryLogin5Tn9",
)
TEXTS: Final = ("canaryPrompt", "canaryCompletion", "canaryToolArgument", "canaryHeader", "canaryQuery")
MARKER: Final = "quota-marker exceeded"
"""Part of an error that may be kept: without it the search would find nothing because nothing is there."""
LEAKING_ERROR: Final = (
    f"{MARKER} for key {SECRETS[0]} or {SECRETS[1]} or {SECRETS[2]}, "
    f"sent Authorization: Bearer {SECRETS[3]} to https://user:{SECRETS[4]}@upstream.example.org/v1"
)
QUESTION: Final = {
    "model": "openai/gpt-4o",
    "messages": [{"role": "user", "content": f"please {TEXTS[0]} repeat"}],
}
COMPLETIONS: Final = "/v1/chat/completions"


def _event(delta: dict[str, Any]) -> bytes:
    choice = {"index": 0, "delta": delta, "finish_reason": None}
    return b"data: " + orjson.dumps({"model": "m", "choices": [choice]}) + b"\n\n"


async def _stream() -> AsyncIterator[bytes]:
    yield _event({"role": "assistant", "content": f"well {TEXTS[1]}"})
    call = {"index": 0, "function": {"name": "f", "arguments": f'{{"x": "{TEXTS[2]}"}}'}}
    yield _event({"tool_calls": [call]})
    yield b'data: {"error": {"message": "' + LEAKING_ERROR.encode() + b'", "type": "server_error"}}\n\n'


async def _chat(request: Request) -> Response:
    asked = await request.body()
    if b"raise" in asked:
        raise RuntimeError(f"{LEAKING_ERROR} after {TEXTS[0]}")
    if b"refuse" in asked:
        return JSONResponse({"error": {"message": LEAKING_ERROR, "type": "insufficient_quota"}}, 429)
    if b"stream" in asked:
        return StreamingResponse(_stream(), media_type="text/event-stream")
    message = {"role": "assistant", "content": f"well {TEXTS[1]}"}
    choice = {"index": 0, "message": message, "finish_reason": "stop"}
    return JSONResponse(
        {"model": "m", "choices": [choice], "usage": {"prompt_tokens": 3, "completion_tokens": 2}}
    )


async def _page(request: Request) -> Response:
    raise ValueError(f"{TEXTS[0]} {SECRETS[0]}")


@pytest.fixture
def url(redis_server: RedisServer) -> str:
    """Give the URL of a server that wants a password."""
    with redis_server.client() as client:
        client.config_set("requirepass", PASSWORD)
    return f"redis://:{PASSWORD}@127.0.0.1:{redis_server.port}/0"


async def _send_canaries(recorder: Recorder) -> None:
    def break_down(observation: object) -> None:
        raise ValueError(f"{TEXTS[0]} {SECRETS[0]} {observation!r}")

    app = Starlette(routes=[Route(COMPLETIONS, _chat, methods=["POST"]), Route("/page", _page)])
    wrapped = TokenPulseMiddleware(app, recorder=recorder, on_observation=break_down)
    transport = httpx.ASGITransport(wrapped, raise_app_exceptions=False)  # type: ignore[arg-type]  # an ASGI app
    headers = {"Authorization": f"Bearer {SECRETS[3]}", "X-Canary": TEXTS[3]}
    async with httpx.AsyncClient(transport=transport, base_url="http://app", headers=headers) as client:
        await client.post(COMPLETIONS, json=QUESTION)
        await client.post(COMPLETIONS, json={**QUESTION, "stream": True})
        for word in ("refuse", "raise"):
            await client.post(COMPLETIONS, json={**QUESTION, "user": word})
        await client.post(
            COMPLETIONS, content=f'{{"model": "openai/gpt-4o", "messages": [{TEXTS[0]}'.encode()
        )
        await client.get(f"/page?q={TEXTS[4]}")
    recorder.record(provider="openai", model="gpt-4o", success=False, error_message=LEAKING_ERROR)
    recorder.record(provider="openai", model="gpt-4o", success=False, error_message=ValueError(LEAKING_ERROR))


async def _whole_reader(url: str) -> str:
    """Return every answer of the reader to GET, bodies and headers."""
    settings = Settings.load({}, redis_url=url)
    said: list[str] = []
    names = {"{provider}": "openai", "{provider:path}": "openai", "{model:path}": "openai/gpt-4o"}
    async with MetricsStore(settings=settings) as store:
        app = create_app(settings, store=store)
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for route in app.routes:
                path = getattr(route, "path", "")
                for placeholder, name in names.items():
                    path = path.replace(placeholder, name)
                if path and "{" not in path and path != live.PATH:  # a stream that does not end
                    response = await client.get(path)
                    said.append(f"{path} {response.status_code} {response.headers} {response.text}")
        listener = app.state.live.join(None)
        said.append(f"{live.PATH} {listener.next_event()!r}")
    return "\n".join(said)


def _whole_redis(client: redis.Redis) -> str:
    """Return every key with all it holds."""
    read: dict[bytes, Callable[[bytes], object]] = {
        b"string": client.get,
        b"hash": client.hgetall,
        b"list": lambda key: client.lrange(key, 0, -1),
        b"set": client.smembers,
        b"zset": lambda key: client.zrange(key, 0, -1, withscores=True),
    }
    return "\n".join(f"{key!r} {read[client.type(key)](key)!r}" for key in client.keys("*"))


def _doctors_words(*urls: str) -> str:
    runner = CliRunner()
    return "".join(
        runner.invoke(main, ["doctor", *flags, "--redis-url", url]).output
        for url in urls
        for flags in ([], ["--json"])
    )


async def test_no_canary_is_found_anywhere(
    url: str, open_recorder: Callable[..., Recorder], caplog: pytest.LogCaptureFixture
) -> None:
    """Not in Redis, in the logs, in what the reader serves, in the doctor's words, in any `repr`."""
    caplog.set_level(logging.DEBUG)
    recorder = open_recorder(url, flush_interval=0.05)
    await _send_canaries(recorder)
    wrong_url = url.replace(PASSWORD, WRONG_PASSWORD)
    refused = open_recorder(wrong_url, flush_interval=0.05)
    refused.record(provider="openai", model="gpt-4o")
    assert not refused.flush()
    recorder.close()
    with redis.Redis.from_url(url, protocol=2) as client:
        client.zadd(
            "tokenpulse:windows:{openai}",
            dict.fromkeys(client.zrange("tokenpulse:windows:{openai}", 0, -1), 1),
        )
        before = _whole_redis(client)
        seal(client, Keyspace(), "openai")
        kept = before + _whole_redis(client)
    served = await _whole_reader(url)
    told = await asyncio.to_thread(_doctors_words, url, wrong_url, f"{url}?canary=1")
    logged = caplog.handler.format
    log = "\n".join(logged(each) for each in caplog.records if each.name not in ("httpx", "httpcore"))
    described = f"{recorder!r} {recorder.stats()} {recorder.settings!r} {refused.stats()} {refused!r}"
    everything = {
        "redis": kept,
        "log": log,
        "reader": served,
        "doctor": told,
        "repr": described,
    }
    found = {
        (place, canary)
        for place, text in everything.items()
        for canary in (PASSWORD, WRONG_PASSWORD, *SECRETS, *TEXTS)
        if canary.casefold() in text.casefold()
    }

    assert found == set()
    assert MARKER in kept
    assert MARKER in served
    assert "authentication failed" in log
    assert "text withheld" in log
    assert "authentication failed" in told
    assert recorder.stats()["counts"]["error:on_observation"] >= 1


async def test_what_ordinary_users_see_of_an_outage_holds_no_address(redis_server: RedisServer) -> None:
    """A reader whose Redis is away names neither host nor port nor user in its answers."""
    url = f"redis://canaryUser:{PASSWORD}@127.0.0.1:{redis_server.port}/0"
    redis_server.kill()
    served = await _whole_reader(url)

    assert "connection refused" in served
    assert not [word for word in ("canaryUser", PASSWORD, str(redis_server.port)) if word in served]
