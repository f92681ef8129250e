"""Who names a request's provider and model, and whose word wins."""

from decimal import Decimal
from typing import Any

import pytest

from tests.support.answers import chat_answer, chat_request
from tests.support.asgi import (
    JSON_TYPE,
    MemorySink,
    Server,
    body,
    http_scope,
    replay,
    request,
    start,
    wrapped,
)
from tests.support.clock import FakeClock
from tokenpulse.annotations import annotate
from tokenpulse.requests.naming import MAX_REMEMBERED, Naming
from tokenpulse.requests.outcome import Ending, decide_outcome
from tokenpulse_shared.names import UNKNOWN
from tokenpulse_shared.records import Observation

ANSWER = [start(200, JSON_TYPE), body(chat_answer())]


async def observe(
    given: dict[str, Any] | None = None, answer: bytes | None = None, **options: Any
) -> tuple[Observation, MemorySink, bool]:
    sink = MemorySink(FakeClock(), provider_header="X-Provider")
    told = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if given is not None:
            told.append(annotate(dict(scope), **given))
        await replay([start(200, JSON_TYPE), body(answer or chat_answer())])(scope, receive, send)
        assert annotate(scope, provider="late") is False

    server = Server([request(chat_request("openai/gpt-4o"))])
    headers = [(b"host", b"h"), *options.pop("headers", ())]
    await wrapped(app, sink, **options)(http_scope(headers=headers), server.receive, server.send)
    return sink.observations[0], sink, bool(told and told[0])


async def test_precedence_of_provider() -> None:
    """Annotated, else the header, else the callable, else the model's prefix; a caller's word is vouched for known names only."""
    header = [(b"X-Provider", b"from-header")]
    for options, provider, is_vouched in (
        ({}, "openai", True),
        ({"provider": lambda scope: "called"}, "called", True),
        ({"provider": lambda scope: "called", "headers": header}, "from-header", False),
        ({"headers": header, "given": {"provider": "told"}}, "told", True),
        ({"provider": lambda scope: None}, "openai", True),
        ({"headers": [(b"x-provider", b"")]}, "openai", True),
        ({"headers": [(b"x-provider", b"groq")]}, "groq", True),
    ):
        observation, _, _ = await observe(**options)  # type: ignore[arg-type]  # mixed options

        assert (observation.provider, observation.provider_vouched) == (provider, is_vouched)
        assert (observation.model, observation.names_vouched) == ("openai/gpt-4o", False)


async def test_callable_that_fails() -> None:
    """An exception or a wrong type from the operator's function is counted, the model's prefix used."""

    def fail(scope: Any) -> str:
        raise LookupError

    observation, sink, _ = await observe(provider=fail)

    assert (observation.provider, [where for where, _ in sink.errors]) == ("openai", ["provider"])

    observation, sink, _ = await observe(provider=lambda scope: 7)

    assert (observation.provider, sink.faults) == ("openai", ["provider_not_text"])


async def test_annotations_reach_the_observation() -> None:
    """Through a copy of the scope, everything told is on the record."""
    observation, _, is_told = await observe(
        {
            "provider": "groq",
            "model": "llama",
            "gateway": "openrouter",
            "cost_usd": 0.0012,
            "user_tier": "trial",
        }
    )

    assert is_told is True
    assert (observation.provider, observation.model, observation.gateway) == ("groq", "llama", "openrouter")
    assert (observation.cost_nano_usd, observation.user_tier) == (1_200_000, "trial")
    assert (observation.names_vouched, observation.provider_vouched) == (True, True)


async def test_reported_cost_wins_over_annotated() -> None:
    """What the response reports comes first."""
    answer = chat_answer(usage={"prompt_tokens": 1, "completion_tokens": 1, "cost": 0.5})
    observation, _, _ = await observe({"cost_usd": Decimal("0.1")}, answer)

    assert observation.cost_usd == 0.5


@pytest.mark.parametrize(
    "given",
    [{"provider": 7}, {"model": b"m"}, {"gateway": ""}, {"cost_usd": "free"}, {"cost_usd": float("nan")}],
)
async def test_wrong_annotations_are_counted(given: dict[str, Any]) -> None:
    """A wrong value is left out and counted; nothing raises."""
    observation, sink, is_told = await observe(given)

    assert is_told is True
    assert sink.faults == ["annotation_rejected"]
    assert (observation.provider, observation.gateway, observation.cost_usd) == ("openai", None, None)


async def test_annotate_where_nothing_is_measured() -> None:
    """Without the middleware, or on a path that is no inference, nothing carries it."""
    told = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        told.append(annotate(scope, provider="p"))

    await app({}, None, None)
    sink = MemorySink(FakeClock())
    await wrapped(app, sink)(http_scope("/x", "GET"), None, None)  # type: ignore[arg-type]  # never called

    assert told == [False, False]


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (200, "success"),
        (204, "success"),
        (400, "caller_error"),
        (403, "caller_error"),
        (418, "caller_error"),
        (408, "timeout"),
        (429, "rate_limit"),
        (500, "provider_error"),
        (502, "network"),
        (503, "provider_error"),
        (504, "timeout"),
        (529, "provider_error"),
        (None, "truncated"),
    ],
)
def test_outcome_of_status(status: int | None, outcome: str) -> None:
    """Every status has one outcome."""
    assert decide_outcome(Ending(status, is_complete=True)) == outcome


async def test_prefix_that_no_provider_has_needs_a_success() -> None:
    """A prefix of a model id that names no provider we know may be invented; a model without one is `unknown`."""
    for model, provider, is_vouched in (
        ("invented/gpt-4o", "invented", False),
        ("anthropic/claude", "anthropic", True),
        ("gpt-4o", "unknown", True),
    ):
        names = Naming(None, None).find(http_scope(), None, model, MemorySink(FakeClock()))

        assert (names.provider, names.is_provider_vouched) == (provider, is_vouched)


@pytest.mark.parametrize("told", ["", None])
def test_a_request_that_names_nothing_is_unknown(told: str | None) -> None:
    """No model at all, or one of no letters."""
    names = Naming(None, None).find(http_scope(), None, told, MemorySink(FakeClock()))

    assert (names.provider, names.model) == (UNKNOWN, UNKNOWN)


def test_a_key_sent_as_a_name_is_masked() -> None:
    """A caller who mixes up two fields finds the key in no label; what is told by header neither."""
    key = "sk-proj-4f9a2c7b1d8e4f9a2c7b1d8e4f9a2c7b"
    naming = Naming("x-provider", None)
    scope = http_scope(headers=[(b"x-provider", key.encode())])

    assert naming.find(scope, None, key, MemorySink(FakeClock()))[:2] == ("***", "***")
    assert Naming(None, None).find(http_scope(), None, key, MemorySink(FakeClock()))[:2] == (UNKNOWN, "***")


def test_a_flood_of_names_takes_no_room_for_good() -> None:
    """Names are remembered for speed: so many, then anew; what is found is the same, and long ones never are."""
    naming, sink = Naming(None, None), MemorySink(FakeClock())
    for number in range(3 * MAX_REMEMBERED):
        naming.find(http_scope(), None, f"invented/{number}", sink)
        assert len(naming._remembered) <= MAX_REMEMBERED
    first = naming.find(http_scope(), None, "openai/gpt-4o", sink)

    assert naming.find(http_scope(), None, "openai/gpt-4o", sink) is first
    held = len(naming._remembered)
    naming.find(http_scope(), None, "x" * 1_000, sink)
    assert len(naming._remembered) == held
