"""Tests that secrets in what an upstream or a caller says are in nothing that is recorded; all are made up."""

from typing import Any, Final

import orjson
import pytest

from tests.support.answers import chat_request
from tests.support.asgi import JSON_TYPE, body, replay, start
from tests.support.exchange import Exchange

KEY: Final = "sk-proj-4f9a2c7b1d8e4f9a2c7b1d8e4f9a2c7b1d8e"
BODIES: Final[tuple[dict[str, Any], ...]] = (
    {"error": {"message": f"Incorrect API key provided: {KEY}.", "type": "auth"}},
    {"error": {"message": "no", "type": f"invalid_key_{KEY}"}},
    {"error": {"message": "no", "code": KEY}},
    {"error": f"Authorization: Bearer {KEY}"},
    {"detail": f"x-api-key: {KEY}"},
    {"detail": [{"msg": f"https://user:{KEY}@host/"}]},
    {"errors": [{"message": f"password={KEY}", "code": 7}]},
)


@pytest.mark.parametrize("told", BODIES, ids=lambda told: orjson.dumps(told).decode()[:40])
async def test_an_upstreams_error_holds_no_key(told: dict[str, Any]) -> None:
    """In its message, type or code: the observation tells the failure without it."""
    observation = await Exchange().run(replay([start(401, JSON_TYPE), body(orjson.dumps(told))]))

    assert observation.outcome == "caller_error"
    assert KEY[8:] not in repr(observation)


async def test_a_key_sent_as_the_model_is_not_recorded() -> None:
    """A caller who mixes up two fields."""
    exchange = Exchange(chat_request(KEY))
    observation = await exchange.run(replay([start(404, JSON_TYPE), body(b'{"error": "no such model"}')]))

    assert (observation.provider, observation.model) == ("unknown", "***")
    assert KEY not in repr(observation) + repr(exchange.sink.exchanges)


async def test_an_exceptions_text_is_not_recorded() -> None:
    """Only its class."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await receive()
        raise ValueError(KEY)

    exchange = Exchange()
    with pytest.raises(ValueError, match="sk-proj"):
        await exchange.run(app)

    assert exchange.only().error_message == "ValueError"
    assert KEY not in repr(exchange.sink.observations) + repr(exchange.sink.exchanges)
